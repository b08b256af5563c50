from __future__ import annotations

from pathlib import Path

import pytest

from functions.runtime.settings import Settings
from functions.stages.sourcing import fetch_policy, names_private_host


@pytest.mark.parametrize(
    ("location", "private"),
    [
        ("http://localhost:8000/", True),
        ("http://pages.localhost/", True),
        ("http://127.0.0.1/", True),
        ("http://10.1.2.3/", True),
        ("http://[::1]:80/", True),
        ("http://[fd00::1]/", True),
        ("http://8.8.8.8/", False),  # a public address
        ("http://169.254.169.254/", False),  # clouds' metadata server: never
        ("http://0.0.0.0/", False),  # no host at all
        ("https://venue.example/", False),  # a name says nothing by itself
        ("https://localhost.example/", False),
        ("file:///srv/page.html", False),
    ],
)
def test_a_source_says_by_itself_whether_it_is_nearby(location: str, *, private: bool) -> None:
    assert private == names_private_host(location)


@pytest.mark.parametrize(
    ("location", "reach", "allowed"),
    [
        ("http://127.0.0.1/", "never", False),  # production
        ("http://127.0.0.1/", "named", True),  # a local run whose source says so
        ("https://venue.example/", "named", False),  # and one that could be led astray
        ("https://venue.example/", "any", True),  # asked for
    ],
)
def test_private_addresses_are_reached_only_where_a_local_run_names_them(
    location: str, reach: str, *, allowed: bool
) -> None:
    settings = Settings.model_validate({"fetch_private": reach})

    assert allowed == fetch_policy(location, settings).allow_private_addresses


def test_a_local_run_reads_the_file_that_is_the_source_and_no_other() -> None:
    policy = fetch_policy("file:///srv/a%20page.html", Settings(fetch_files=True))

    assert (Path("/srv/a page.html"),) == policy.file_roots


def test_files_are_no_sources_in_the_cloud() -> None:
    assert () == fetch_policy("file:///etc/passwd", Settings()).file_roots
