from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telemetry.errors import InvalidTarget, ServiceUnreachable
from telemetry.sync.instance import Instance, choose_instance

if TYPE_CHECKING:
    from pathlib import Path

US, EU = "pylf_v1_us_abc", "pylf_v1_eu_abc"


@pytest.mark.parametrize(
    ("url", "environment", "instance"),
    [
        (None, {"LOGFIRE_API_KEY": US}, Instance("https://api-us.pydantic.dev", US, local=False)),
        (None, {"LOGFIRE_API_KEY": EU}, Instance("https://api-eu.pydantic.dev", EU, local=False)),
        (
            "https://logfire.example.com/",
            {"LOGFIRE_API_KEY": "own"},
            Instance("https://logfire.example.com", "own", local=False),
        ),
        (
            None,
            {"LOGFIRE_API_KEY": US, "LOGFIRE_BASE_URL": "https://logfire.example.com"},
            Instance("https://logfire.example.com", US, local=False),
        ),
        # Logfire's own key is not for whoever listens on this machine.
        (
            "http://127.0.0.1:80",
            {"LOGFIRE_API_KEY": US},
            Instance("http://127.0.0.1:80", "local", local=True),
        ),
        (
            "http://[::1]:80",
            {"LOGFIRE_API_KEY": US, "MYSTAGE_LOGFIRE_TOKEN": "mine"},
            Instance("http://[::1]:80", "mine", local=True),
        ),
        ("http://localhost", {}, Instance("http://localhost", "local", local=True)),
    ],
)
def test_the_address_and_the_key_say_which_instance_is_meant(
    tmp_path: Path, url: str | None, environment: dict[str, str], instance: Instance
) -> None:
    assert instance == choose_instance(url, tmp_path, environment)


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("https://logfire.example.com", {}),
        (None, {"LOGFIRE_API_KEY": "of no region"}),
        ("ftp://logfire.example.com", {}),
        ("logfire", {}),
        ("http://[", {}),
        ("http://localhost:x", {}),
    ],
)
def test_an_instance_that_cannot_be_told_is_refused(
    tmp_path: Path, url: str | None, environment: dict[str, str]
) -> None:
    with pytest.raises(InvalidTarget):
        choose_instance(url, tmp_path, environment)


def test_without_anything_it_is_the_emulator_which_has_to_be_up(tmp_path: Path) -> None:
    with pytest.raises(ServiceUnreachable, match="no Logfire emulator is up"):
        choose_instance(None, tmp_path, {})


def test_a_key_is_not_in_what_is_printed_of_an_instance() -> None:
    assert "abc" not in repr(Instance("https://x", US, local=False))
