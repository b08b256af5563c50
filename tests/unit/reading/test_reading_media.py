"""What is a page, and what is refused as something else."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from functions.errors import PermanentError
from functions.stages.reading import read_page
from functions.stages.reading.media import MAX_BODY_BYTES, media_of

URL = "https://oakmere.example/listing"


def zip_archive() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr(zipfile.ZipInfo("a.txt"), "x")
    return archive.getvalue()


@pytest.mark.parametrize(
    ("body", "content_type", "what"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "text/html", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", None, "a PNG image"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg", "a JPEG image"),
        (b"GIF89a\x01\x00", None, "a GIF image"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", None, "a WebP image"),
        (b"\x00\x00\x00\x18ftypmp42", None, "an MP4 video"),
        (zip_archive(), "application/zip", "a ZIP archive"),
        (gzip.compress(b"<html>", mtime=0), "text/html", "gzip-compressed data"),
        (b"\x7fELF\x02\x01", None, "a program"),
        (b"ID3\x03\x00", None, "an MP3 file"),
        (b"body { color: red }", "text/css", "declared as text/css"),
        (b"BEGIN:VCALENDAR", "text/calendar; charset=utf-8", "declared as text/calendar"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "image/svg+xml",
            "declared as image/svg+xml",
        ),
        (bytes(range(256)) * 4, "text/html", "binary data"),
        (b"\x00\x01\x02\x03 text", None, "binary data"),
    ],
)
def test_what_is_no_page_is_refused_by_its_name(
    body: bytes, content_type: str | None, what: str
) -> None:
    with pytest.raises(PermanentError) as caught:
        read_page(body, url=URL, content_type=content_type)
    assert URL in str(caught.value)
    assert what in str(caught.value)


@pytest.mark.parametrize("body", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\xff\xfe", b"\x00\x00\x00"])
def test_an_empty_page_is_refused(body: bytes) -> None:
    with pytest.raises(PermanentError, match="is empty"):
        read_page(body, url=URL, content_type="text/html")


@pytest.mark.parametrize(
    "body",
    [
        b"<html></html>",
        b"<!-- nothing -->",
        b"<!doctype html><body><script>draw()</script><div id=app></div></body>",
    ],
)
def test_a_page_that_says_nothing_is_refused(body: bytes) -> None:
    with pytest.raises(PermanentError, match="neither text nor structured data"):
        read_page(body, url=URL, content_type="text/html")


def test_the_refusal_of_a_page_that_says_nothing_tells_what_was_wrong_with_it() -> None:
    body = b'<script type="application/ld+json">{"a" 1}</script>'
    with pytest.raises(PermanentError, match="JSON-LD block 1 could not be read: line 1 column 6"):
        read_page(body, url=URL, content_type="text/html")


def test_a_body_beyond_all_bounds_is_refused() -> None:
    with pytest.raises(PermanentError, match="10,485,761 bytes"):
        read_page(b"x" * (MAX_BODY_BYTES + 1), url=URL, content_type="text/html")


@pytest.mark.parametrize(
    ("body", "url", "content_type", "media"),
    [
        (b"<html>", URL, None, "html"),
        (b"<html>", URL, "image/png", "html"),  # the body says more than the header
        (
            b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>",
            URL,
            "application/xhtml+xml",
            "html",
        ),
        (b"<rss><channel/></rss>", URL, "application/rss+xml", "html"),
        (b"just text", URL, "text/plain", "html"),
        (b"{}", URL, "application/ld+json", "json"),
        (b"[{}]", URL, "application/json; charset=utf-8", "json"),
        (b"{}", URL, "application/vnd.venue+json", "json"),
        (b" \n{}", URL, None, "json"),
        (b"\xef\xbb\xbf{}", f"{URL}.json", "text/html", "json"),
        (b"{}", "file:///pages/events.jsonld?x", None, "json"),
        (b"{curly} text", URL, "text/html", "html"),
        (b"<p>a\x07b</p>" + b"x" * 200, URL, "text/html", "html"),  # one stray control character
        ("<p>é</p>".encode("utf-16"), URL, None, "html"),
        ("<p>é</p>".encode("utf-16-be"), URL, None, "html"),
    ],
)
def test_html_and_json_are_told_apart(
    body: bytes, url: str, content_type: str | None, media: str
) -> None:
    assert media == media_of(body, url=url, content_type=content_type)
