from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.errors import SourceError
from functions.stages.fetching import LeftOut, SourceLocation, expand_sources, source_id

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with pages and with what else lies around in folders."""
    for name in (
        "b.html",
        "a.HTM",
        "deep/er/c.xhtml",
        "deep/d.json",
        "deep/e.jsonld",
        "notes.txt",
        "sitemap.xml",
        ".hidden.html",
        ".git/page.html",
    ):
        path = tmp_path / "pages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("<title>Hi</title>")
    return tmp_path / "pages"


def test_a_folder_stands_for_its_pages_sorted(folder: Path) -> None:
    sources = expand_sources([str(folder)])

    names = ["a.HTM", "b.html", "deep/d.json", "deep/e.jsonld", "deep/er/c.xhtml"]
    assert [
        SourceLocation((folder / name).as_uri(), str(folder), folder) for name in names
    ] == sources


def test_folders_in_folders_come_sorted_too(tmp_path: Path) -> None:
    names = [f"{number:02}/{letter}.html" for number in (7, 3, 9, 1, 5) for letter in "cab"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    sources = expand_sources([str(tmp_path)])

    assert [(tmp_path / name).as_uri() for name in sorted(names)] == [
        source.location for source in sources
    ]


def test_what_is_left_out_of_a_folder_is_reported(folder: Path) -> None:
    left_out: list[LeftOut] = []

    expand_sources([str(folder)], report=left_out.append)

    no_page = "not a page (.htm, .html, .json, .jsonld, .xhtml)"
    assert {
        folder / ".git": "hidden",
        folder / ".hidden.html": "hidden",
        folder / "notes.txt": no_page,
        folder / "sitemap.xml": no_page,
    } == {each.path: each.reason for each in left_out}


def test_links_are_not_followed_out_of_the_folder(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.html").write_text("secret")
    (folder / "inside.html").symlink_to(folder / "b.html")
    (folder / "outside.html").symlink_to(outside / "secret.html")
    (folder / "dangling.html").symlink_to(outside / "nowhere.html")
    (folder / "linked").symlink_to(outside)
    left_out: list[LeftOut] = []

    sources = expand_sources([str(folder)], report=left_out.append)

    assert (folder / "inside.html").as_uri() in {source.location for source in sources}
    reasons = {each.path.name: each.reason for each in left_out}
    assert "a link that leads out of the folder" == reasons["outside.html"]
    assert "not a file that can be read" == reasons["dangling.html"]
    assert "a link to a folder" == reasons["linked"]


def test_a_file_that_is_named_is_taken_whatever_it_is_called(folder: Path) -> None:
    [source] = expand_sources([str(folder / "notes.txt")])

    assert SourceLocation((folder / "notes.txt").as_uri(), str(folder / "notes.txt"), folder) == (
        source
    )


def test_duplicates_are_dropped_and_the_order_is_kept(folder: Path) -> None:
    sources = expand_sources(
        [
            "http://example.com/z",
            str(folder / "b.html"),
            "HTTP://EXAMPLE.com:80/z#again",
            (folder / "b.html").as_uri(),
            "http://example.com/a",
        ]
    )

    assert [
        ("http://example.com/z", "http://example.com/z"),
        ((folder / "b.html").as_uri(), str(folder / "b.html")),
        ("http://example.com/a", "http://example.com/a"),
    ] == [(source.location, source.given) for source in sources]


def test_a_list_names_sources_line_by_line(folder: Path, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(f"# ours\n\n  http://example.com/  \r\n{folder / 'b.html'}\n")

    sources = expand_sources([f"@{listed}"])

    assert ["http://example.com/", (folder / "b.html").as_uri()] == [
        source.location for source in sources
    ]


def test_awkward_file_names_survive(tmp_path: Path) -> None:
    names = [b"a b.html", "ä#?%41.html".encode(), b"\xff\xfe.html"]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_text("page")

    locations = {source.location for source in expand_sources([str(tmp_path)])}

    assert {
        f"{tmp_path.as_uri()}/{quoted}"
        for quoted in ("a%20b.html", "%C3%A4%23%3F%2541.html", "%FF%FE.html")
    } == locations


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("ftp://example.com/", "does not start with http"),  # a scheme not supported
        ("http://me:pw@example.com/", "user name or password"),  # credentials
        ("http://", "host or port is missing"),  # no host
        ("example.com/events", "a web address starts with http"),  # no scheme
        ("mailto:me@example.com", "there is no file or folder"),  # no place
        ("nowhere.html", "there is no file or folder"),  # no such file
        ("", "neither a page nor a folder"),  # nothing
        ("nul\0byte", "there is no file or folder"),  # no path
        ("x" * 5000, "name too long"),  # no path either
        ("/dev/null", "neither a page nor a folder"),  # a device
        ("file://other.example/page.html", "another machine"),  # somebody else's disk
        ("file:page.html", "no absolute path"),  # relative to what?
        ("file:///page.html?x=1", "written as %3F"),  # files take no query
        ("file:///a%00b", "no absolute path"),  # no path
        ("@nowhere.txt", "No such file"),  # no such list
        ("@/", "directory"),  # no list
    ],
)
def test_what_can_be_no_source_is_refused_with_a_reason(argument: str, message: str) -> None:
    with pytest.raises(SourceError, match=f"(?i){message}"):
        expand_sources([argument])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "lists no sources"),  # empty
        (b"# nothing\n\n", "lists no sources"),  # as good as empty
        (b"@other.txt", "cannot name another list"),  # nested
        (b"\xff\xfe", "no text in UTF-8"),  # binary
    ],
)
def test_a_list_that_is_none_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    listed = tmp_path / "list.txt"
    listed.write_bytes(content)

    with pytest.raises(SourceError, match=message):
        expand_sources([f"@{listed}"])


def test_a_folder_without_pages_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no page")

    with pytest.raises(SourceError, match="holds no pages"):
        expand_sources([str(tmp_path)])


@given(st.sampled_from(["http://", "https://example.com/", "data:"]), st.text(max_size=40))
def test_hostile_urls_are_taken_or_refused(start: str, rest: str) -> None:
    try:
        [source] = expand_sources([start + rest])
    except SourceError:
        return
    assert source.location.startswith(("http://", "https://"))


@given(st.text(max_size=40))
def test_hostile_paths_are_refused(path: str) -> None:
    with pytest.raises(SourceError):
        expand_sources([f"nowhere/{path}"])


@given(st.text(max_size=40))
def test_hostile_file_urls_are_taken_or_refused(text: str) -> None:
    try:
        found = source_id(f"file:{text}")
    except SourceError:
        return
    assert 32 == len(found)


def test_a_source_id_is_stable_over_spellings_and_versions() -> None:
    # Documents are stored under it: a change of this value orphans them all.
    assert "2a1b402420ef46577471cdc7409b0fa2" == source_id("http://example.com/")
    assert source_id("http://example.com/") == source_id("HTTP://Example.com:80#top")
    assert source_id("file:///a/b.html") == source_id("FILE://localhost/a/x/../%62.html")


@given(st.sampled_from(["a", "b", "A", "a?b", "a/", "ä"]), st.integers(1, 3))
def test_a_source_id_is_a_document_id_and_differs_by_page(path: str, number: int) -> None:
    found = source_id(f"http://example.com/{path}/{number}")

    assert set(found) <= set("0123456789abcdef")
    assert source_id(f"http://example.com/{path}/{number + 1}") != found
