from __future__ import annotations

from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import pytest

from functions.stages.fetching import FetchPolicy


def test_the_defaults_are_for_strangers() -> None:
    policy = FetchPolicy()

    assert policy.allow_private_addresses is False
    assert () == policy.file_roots
    assert 10 * 1024 * 1024 == policy.max_bytes
    assert f"mystage/{version('mystage')}" == policy.user_agent


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("connect_timeout", 0),  # would never connect
        ("read_timeout", -1),  # back in time
        ("total_timeout", float("nan")),  # compares with nothing
        ("max_bytes", 0),  # would fetch nothing
        ("max_redirects", -1),  # fewer than none
        ("max_retry_after", timedelta(seconds=-1)),  # back in time
        ("user_agent", ""),  # anonymous
        ("user_agent", "a\r\nb: c"),  # a header smuggled in
        ("user_agent", " mystage"),  # not what headers begin with
        ("user_agent", "mystägé"),  # not what headers hold
        ("ca_bundle", Path("nowhere.pem")),  # trusts nobody
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"FetchPolicy.{name}"):
        FetchPolicy(**{name: value})
