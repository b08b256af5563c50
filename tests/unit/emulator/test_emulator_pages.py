from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.emulator.pages import page_size, page_token, read_token
from functions.errors import CallRefused

PARENT = "projects/p/locations/l/queues/q"


def test_a_page_is_as_large_as_asked_for_or_as_may_be() -> None:
    assert [1000, 7, 1000] == [page_size(asked, most=1000) for asked in (0, 7, 10**6)]


def test_a_negative_page_size_is_refused() -> None:
    with pytest.raises(CallRefused, match="page_size cannot be negative"):
        page_size(-1, most=1000)


def test_a_token_leads_back_to_the_item_before_its_page() -> None:
    assert "task-7" == read_token(PARENT, page_token(PARENT, "task-7"))
    assert "" == read_token(PARENT, "")


def test_a_token_of_another_list_is_refused() -> None:
    with pytest.raises(CallRefused, match="not a token of this list"):
        read_token(PARENT, page_token(PARENT + "2", "task-7"))


@settings(deadline=None)
@given(st.one_of(st.text(min_size=1), st.binary(min_size=1).map(base64.urlsafe_b64encode)))
def test_what_is_no_token_is_refused(token: str | bytes) -> None:
    with pytest.raises(CallRefused, match="not a token of this list"):
        read_token(PARENT, token if isinstance(token, str) else token.decode())
