"""Which encodings pages in a language were written in before UTF-8."""

from __future__ import annotations

from typing import Final

_CYRILLIC: Final = ("windows-1251", "koi8-r")
_CENTRAL_EUROPEAN: Final = ("iso-8859-2", "windows-1250")
_JAPANESE: Final = ("euc-jp", "shift_jis")
_ARABIC: Final = ("windows-1256",)
_BALTIC: Final = ("windows-1257",)
_TURKIC: Final = ("windows-1254",)

_ENCODINGS: Final = {
    **dict.fromkeys(("ba", "be", "bg", "kk", "ky", "mk", "ru", "sr", "tg", "tt", "uk"), _CYRILLIC),
    **dict.fromkeys(("bs", "cs", "hr", "hu", "pl", "sk", "sl"), _CENTRAL_EUROPEAN),
    **dict.fromkeys(("ar", "fa"), _ARABIC),
    **dict.fromkeys(("et", "lt", "lv"), _BALTIC),
    **dict.fromkeys(("az", "ku", "tr"), _TURKIC),
    "el": ("iso-8859-7", "windows-1253"),
    "he": ("windows-1255",),
    "ja": _JAPANESE,
    "ko": ("euc-kr",),
    "th": ("windows-874",),
    "vi": ("windows-1258",),
    "zh": ("gb18030", "big5"),
    "zh-hant": ("big5", "gb18030"),
    "zh-hk": ("big5", "gb18030"),
    "zh-mo": ("big5", "gb18030"),
    "zh-tw": ("big5", "gb18030"),
}
"""The table of suggested defaults in the HTML standard
(https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding), with a
second candidate where two were in use. The narrower one of two comes first: EUC-JP text is valid
Shift_JIS more often than the other way round, and ISO 8859 has no letters from 0x80 to 0x9F."""

_WESTERN: Final = ("windows-1252",)


def encodings_of_language(tag: str) -> tuple[str, ...]:
    """Name the encodings to try for a BCP 47 tag, the likelier first."""
    tag = tag.lower()
    return _ENCODINGS.get(tag) or _ENCODINGS.get(tag.split("-", 1)[0], _WESTERN)
