from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.emulator.courier import retry_after


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (503, "7", 7),
        (429, "7", 7),
        (500, "7", 0),  # only where a target is overloaded
        (200, "7", 0),
        (503, "", 0),  # it did not ask
        (503, "-7", 0),
        (503, "soon", 0),
        (503, "99999", 3600),  # bounded
        (503, "9" * 5000, 0),
        (503, "Wed, 21 Oct 2015 07:28:00 GMT", 0),  # past
        (503, "Wed, 21 Oct 2099 07:28:00 GMT", 3600),
        (503, "Wed, 99 Oct 2099 07:28:00 GMT", 0),  # no date
        (503, "Wed, 21 Oct 2099 07:28:00 -0000", 0),  # a date without a zone
    ],
)
def test_a_target_that_is_overloaded_says_how_long_to_wait(
    status: int, header: str, seconds: int
) -> None:
    assert seconds == retry_after(status, header)


@given(st.text())
def test_no_header_a_target_sends_breaks_anything(header: str) -> None:
    assert 0 <= retry_after(503, header) <= 3600
