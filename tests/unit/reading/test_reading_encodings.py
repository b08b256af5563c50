"""From bytes to text: the standard's order, wrong labels repaired, nothing raised."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.stages.reading.decoding import decode_page

GERMAN = "Die Nachzügler spielen „Späte Züge“ – Eintritt 15 €, ermäßigt 10 €."
FRENCH = "Théâtre de l’Écluse : à l’été prochain, réservation conseillée."
POLISH = "Koncert zespołu Żółta Łódź odbędzie się w piątek, wstęp wolny, światła."
RUSSIAN = "Концерт состоится в пятницу вечером, вход свободный."
JAPANESE = "紙風船楽団の夏至コンサート。開場十八時、開演十八時三十分。"


def page(text: str, *, lang: str = "", meta: str = "") -> str:
    lang = f' lang="{lang}"' if lang else ""
    return (
        f"<!doctype html><html{lang}><head>{meta}<title>x</title></head><body>{text}</body></html>"
    )


META_UTF8 = '<meta charset="utf-8">'
META_LATIN1 = '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">'


@pytest.mark.parametrize(
    ("body", "header", "encoding"),
    [
        # the byte order mark comes before all else
        (
            codecs.BOM_UTF8 + page(GERMAN, meta=META_LATIN1).encode(),
            "text/html; charset=koi8-r",
            "utf-8",
        ),
        (page(GERMAN).encode("utf-16"), "text/html; charset=utf-8", "utf-16le"),
        (codecs.BOM_UTF16_BE + page(GERMAN).encode("utf-16-be"), None, "utf-16be"),
        # then the header
        (
            page(GERMAN, meta=META_UTF8).encode("windows-1252"),
            "text/html; charset=ISO-8859-1",
            "windows-1252",
        ),
        (page(RUSSIAN, meta=META_LATIN1).encode("koi8-r"), 'text/html;charset="KOI8-R"', "koi8-r"),
        # then the meta element, in its two forms, or the XML declaration
        (page(GERMAN, meta=META_LATIN1).encode("windows-1252"), "text/html", "windows-1252"),
        (
            page(RUSSIAN, meta="<META  CHARSET = windows-1251 >").encode("windows-1251"),
            None,
            "windows-1251",
        ),
        (
            f'<?xml version="1.0" encoding="koi8-r"?>{page(RUSSIAN)}'.encode("koi8-r"),
            None,
            "koi8-r",
        ),
        (page(JAPANESE, meta="<meta charset=x-sjis>").encode("cp932"), None, "shift_jis"),
        (
            page(JAPANESE, meta="<meta charset=iso-2022-jp>").encode("iso-2022-jp"),
            None,
            "iso-2022-jp",
        ),
        (page(JAPANESE, meta="<meta charset=euc-jp>").encode("euc-jp"), None, "euc-jp"),
        # two bytes that would be UTF-8 as well prove nothing against a multi-byte label
        (page("\u6a21").encode("gbk"), "text/html; charset=gbk", "gbk"),
        # what could be read up to its meta element is not in UTF-16
        (page(GERMAN, meta="<meta charset=utf-16>").encode(), None, "utf-8"),
        # a label in a comment is none
        (page(GERMAN, meta="<!-- <meta charset=koi8-r> -->").encode(), None, "utf-8"),
        # without a label: UTF-8 if it is
        (page(JAPANESE).encode(), None, "utf-8"),
        (page("plain").encode(), None, "utf-8"),
        # else what the page's language was written in
        (page(GERMAN, lang="de").encode("windows-1252"), None, "windows-1252"),
        (page(POLISH, lang="pl").encode("windows-1250"), None, "windows-1250"),
        (page(POLISH, lang="pl").encode("iso-8859-2"), None, "iso-8859-2"),
        (page(RUSSIAN, lang="ru-RU").encode("windows-1251"), None, "windows-1251"),
        (page(JAPANESE, lang="ja").encode("euc-jp"), None, "euc-jp"),
        (page(JAPANESE, lang="ja").encode("cp932"), None, "shift_jis"),
        (page("音樂會在星期五", lang="zh-TW").encode("big5"), None, "big5"),
        (page("星期五晚上在音乐厅", lang="zh").encode("gb18030"), None, "gb18030"),
        # else a guess
        (page(FRENCH).encode("windows-1252"), None, "windows-1252"),
        (page(RUSSIAN).encode("windows-1251"), None, "windows-1251"),
        (page(RUSSIAN).encode("koi8-r"), None, "koi8-r"),
        (page(JAPANESE).encode("cp932"), None, "shift_jis"),
        # UTF-16 that says nothing
        (page(GERMAN).encode("utf-16-le"), None, "utf-16le"),
        (page(GERMAN).encode("utf-16-be"), "text/html; charset=utf-8", "utf-16be"),
    ],
)
def test_a_page_is_decoded_as_it_is_meant(body: bytes, header: str | None, encoding: str) -> None:
    decoded = decode_page(body, content_type=header)
    assert (encoding, None) == (decoded.encoding, decoded.problem)
    said = {
        "utf-16le": "utf-16-le",
        "utf-16be": "utf-16-be",
        "shift_jis": "cp932",
        "utf-8": "utf-8-sig",
    }
    assert body.decode(said.get(encoding, encoding)).lstrip("\ufeff") == decoded.text


@pytest.mark.parametrize(
    ("body", "header", "encoding", "problem"),
    [
        # "UTF-8" that is windows-1252
        (
            page(GERMAN, lang="de", meta=META_UTF8).encode("windows-1252"),
            None,
            "windows-1252",
            "declared as utf-8",
        ),
        (
            page(FRENCH).encode("windows-1252"),
            "text/html; charset=utf-8",
            "windows-1252",
            "declared as utf-8",
        ),
        # "ISO 8859-1" that is UTF-8
        (page(GERMAN, meta=META_LATIN1).encode(), None, "utf-8", "declared as windows-1252"),
        (
            page(GERMAN, meta=META_UTF8).encode(),
            "text/html; charset=latin1",
            "utf-8",
            "declared as windows-1252",
        ),
        (page(JAPANESE).encode(), "text/html; charset=shift_jis", "utf-8", "declared as shift_jis"),
        (page("Caf\u00e9").encode(), "text/html; charset=latin1", "utf-8", "declared as windows-"),
        # the header is wrong, the meta element is right
        (
            page(JAPANESE, meta="<meta charset=euc-jp>").encode("euc-jp"),
            "text/html; charset=utf-8",
            "euc-jp",
            "declared as utf-8",
        ),
        # UTF-8 with a scratch stays UTF-8
        (page(GERMAN).encode() + b"\xff", None, "utf-8", "1 byte sequences are not UTF-8"),
        (
            page(JAPANESE, meta=META_UTF8).encode()[:-16],
            None,
            "utf-8",
            "1 byte sequences are not UTF-8",
        ),
    ],
)
def test_a_wrong_label_is_repaired_and_told(
    body: bytes, header: str | None, encoding: str, problem: str
) -> None:
    decoded = decode_page(body, content_type=header)
    assert encoding == decoded.encoding
    assert decoded.problem is not None
    assert problem in decoded.problem


@pytest.mark.parametrize(
    "label",
    [
        *("rot13", "idna", "unicode_escape", "utf-7", "hex", "undefined", "x-user-defined"),
        *("iso-2022-kr", "replacement", "nonsense", "zlib", "punycode", "\u00e9", ""),
    ],
)
def test_a_label_that_browsers_do_not_know_does_not_count(label: str) -> None:
    body = page(GERMAN, meta=f'<meta charset="{label}">').encode()
    for header in (None, f"text/html; charset={label}"):
        decoded = decode_page(body, content_type=header)
        assert ("utf-8", None) == (decoded.encoding, decoded.problem)


@given(st.binary(max_size=300), st.none() | st.text(max_size=40))
def test_any_bytes_are_decoded(body: bytes, header: str | None) -> None:
    decoded = decode_page(body, content_type=header)
    assert decoded.encoding
    assert "\ufffd" not in decoded.text or not body.isascii()


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufeff"), min_size=1, max_size=200)
)
def test_utf8_comes_back_whole_whatever_it_is_called(text: str) -> None:
    body = page("日本語" + text).encode()
    for label in ("utf-8", "iso-8859-1", "shift_jis", "windows-1251"):
        assert body.decode() == decode_page(body, content_type=f"text/html; charset={label}").text
