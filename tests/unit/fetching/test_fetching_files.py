from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from functions.errors import PermanentError
from functions.stages.fetching import Fetched, FetchPolicy, NotModified, fetch

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page on disk."""
    path = tmp_path / "pages" / "events.html"
    path.parent.mkdir()
    path.write_bytes(b"<title>Events</title>")
    return path


@pytest.fixture
def policy(page: Path) -> FetchPolicy:
    """A policy that lets the page's folder be read."""
    return FetchPolicy(file_roots=(page.parent,), max_bytes=100)


def test_a_page_is_read_from_disk(page: Path, policy: FetchPolicy) -> None:
    fetched = fetch(page.as_uri(), policy=policy)

    assert isinstance(fetched, Fetched)
    assert (page.as_uri(), 200, "text/html", b"<title>Events</title>", ()) == (
        fetched.url,
        fetched.status,
        fetched.content_type,
        fetched.body,
        fetched.redirects,
    )


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.HTML", "text/html"),
        ("a.xhtml", "application/xhtml+xml"),
        ("a.json", "application/json"),
        ("a.jsonld", "application/ld+json"),
        ("a.unheard-of", None),
    ],
)
def test_the_suffix_tells_the_content_type(
    page: Path, policy: FetchPolicy, name: str, content_type: str | None
) -> None:
    fetched = fetch(page.rename(page.with_name(name)).as_uri(), policy=policy)

    assert isinstance(fetched, Fetched)
    assert content_type == fetched.content_type


def test_an_unchanged_file_is_not_read_again(page: Path, policy: FetchPolicy) -> None:
    fetched = fetch(page.as_uri(), policy=policy)

    again = fetch(page.as_uri(), policy=policy, validators=fetched.validators)

    assert isinstance(again, NotModified)
    assert (fetched.url, fetched.validators) == (again.url, again.validators)


def test_a_changed_file_is_read_again(page: Path, policy: FetchPolicy) -> None:
    fetched = fetch(page.as_uri(), policy=policy)
    changed_at = page.stat().st_mtime_ns + 1
    page.write_bytes(b"<title>EVENTS</title>")
    os.utime(page, ns=(changed_at, changed_at))

    again = fetch(page.as_uri(), policy=policy, validators=fetched.validators)

    assert isinstance(again, Fetched)
    assert b"<title>EVENTS</title>" == again.body


def test_validators_of_another_file_do_not_count(page: Path, policy: FetchPolicy) -> None:
    fetched = fetch(page.as_uri(), policy=policy)
    twin = page.rename(page.with_name("twin.html"))

    again = fetch(twin.as_uri(), policy=policy, validators=fetched.validators)

    assert isinstance(again, Fetched)


def test_a_file_of_exactly_the_limit_is_read(page: Path, policy: FetchPolicy) -> None:
    page.write_bytes(b"x" * 100)

    fetched = fetch(page.as_uri(), policy=policy)

    assert isinstance(fetched, Fetched)
    assert 100 == len(fetched.body)


def test_a_file_above_the_limit_fails_for_good(page: Path, policy: FetchPolicy) -> None:
    page.write_bytes(b"x" * 101)

    with pytest.raises(PermanentError, match="larger than 100 bytes"):
        fetch(page.as_uri(), policy=policy)


def test_no_more_of_a_file_is_read_than_the_limit(page: Path, policy: FetchPolicy) -> None:
    os.truncate(page, 2**40)  # A hole: it takes no space on disk, but it would in memory.

    with pytest.raises(PermanentError, match="larger than 100 bytes"):
        fetch(page.as_uri(), policy=policy)


def test_a_missing_file_fails_for_good(page: Path, policy: FetchPolicy) -> None:
    page.unlink()

    with pytest.raises(PermanentError, match="No such file"):
        fetch(page.as_uri(), policy=policy)


def test_without_roots_no_file_is_read(page: Path) -> None:
    with pytest.raises(PermanentError, match="local runs only"):
        fetch(page.as_uri(), policy=FetchPolicy())


@pytest.mark.parametrize(
    "reference",
    [
        "../outside.html",  # upwards
        "%2e%2e/outside.html",  # upwards in disguise
        "link.html",  # through a link
        "folder/outside.html",  # through a link to a folder
    ],
)
def test_no_file_outside_the_roots_is_read(
    page: Path, policy: FetchPolicy, tmp_path: Path, reference: str
) -> None:
    (tmp_path / "outside.html").write_text("secret")
    (page.parent / "link.html").symlink_to(tmp_path / "outside.html")
    (page.parent / "folder").symlink_to(tmp_path)

    with pytest.raises(PermanentError, match="outside the folders"):
        fetch(f"{page.parent.as_uri()}/{reference}", policy=policy)


def test_a_link_inside_the_roots_is_followed(page: Path, policy: FetchPolicy) -> None:
    link = page.with_name("link.html")
    link.symlink_to(page)

    assert link.as_uri() == fetch(link.as_uri(), policy=policy).url


def test_links_in_circles_fail_for_good(page: Path, policy: FetchPolicy) -> None:
    link = page.with_name("link.html")
    link.symlink_to(link)

    with pytest.raises(PermanentError, match="symbolic links"):
        fetch(link.as_uri(), policy=policy)


def test_a_named_pipe_is_not_waited_for(page: Path, policy: FetchPolicy) -> None:
    pipe = page.with_name("pipe.html")
    os.mkfifo(pipe)

    with pytest.raises(PermanentError, match="no regular file"):
        fetch(pipe.as_uri(), policy=policy)


def test_a_folder_is_no_page(page: Path, policy: FetchPolicy) -> None:
    with pytest.raises(PermanentError, match="no regular file"):
        fetch(page.parent.as_uri(), policy=policy)


@pytest.mark.parametrize(
    "location",
    [
        "file://other.example/etc/passwd",  # another machine
        "file:///a%00b",  # no path
        "file:",  # nothing
        "FILE:///etc/passwd#x",  # a fragment
        "file:///\ud800",  # half a character
    ],
)
def test_an_impossible_file_url_fails_for_good(location: str, policy: FetchPolicy) -> None:
    with pytest.raises(PermanentError, match="cannot read"):
        fetch(location, policy=policy)
