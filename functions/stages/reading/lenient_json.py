"""Read JSON as people and templates write it into pages.

On top of JSON: comments, trailing, doubled and missing commas, raw line breaks and control
characters in strings, single quotes, bare keys, missing values, quotes inside quotes, several
values in a row, and an end that comes before the closing brackets. What is refused is refused with
its line and column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from json import JSONDecodeError
from typing import Any, Final

MAX_DEPTH: Final = 64

_SPACE: Final = re.compile(
    "(?:[\\s\x00-\x20\ufeff\u200b]+|//[^\\n]*|/\\*(?:(?!\\*/).)*(?:\\*/)?|<!--|-->)*",
    re.DOTALL,
)
_CDATA: Final = re.compile(r"(?:/\*|//)?[ \t]{0,8}(?:<!\[CDATA\[|\]\]>)[ \t]{0,8}(?:\*/)?")
_COMMAS: Final = re.compile(r"[,;]")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,3})?")
_BARE_VALUE: Final = re.compile(r"[A-Za-z0-9+.-]+")
_BARE_KEY: Final = re.compile(r"[A-Za-z_$@][A-Za-z0-9_$@-]*")
_KEY_START: Final = re.compile(r"""["'A-Za-z_$@]""")
_CLOSES_VALUE: Final = re.compile(
    r"""
      [\s\x00-\x20]*+ (?: [;}\]] | \Z | // | /\* | <!-- | --> )
    | [\s\x00-\x20]*+ , [\s\x00-\x20,]*+
        (?: ["'\[{}\]] | \Z | // | /\* | -?[0-9] | (?:true|false|null)\b | [\w$@-]++\s*+: )
    | [^\S\n]*+ \n \s*+ ["'}\]]
    """,
    re.VERBOSE,
)
"""What follows the quote that ends a value; after any other quote the text goes on."""

_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HEX: Final = re.compile(r"u([0-9a-fA-F]{4})")
_WORDS: Final = {
    "true": True,
    "false": False,
    **dict.fromkeys(("null", "none", "undefined", "nan", "infinity", "-infinity")),
}
_CURLY_QUOTES: Final = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u2033", '"'))


@dataclass(slots=True)
class LenientJson:
    """Be what a text holds.

    Attributes:
        values: Objects and arrays, in order.
        missing_ends: How many closing brackets were missing at the end of the text.
    """

    values: list[Any] = field(default_factory=list)
    missing_ends: int = 0


def read_lenient_json(text: str) -> LenientJson:
    """Read every object and array of a text.

    Returns:
        At least one value.

    Raises:
        json.JSONDecodeError: It cannot be read. ``lineno`` and ``colno`` say where.
    """
    if '"' not in text and any(quote in text for quote in "\u201c\u201d\u201e"):
        text = text.translate(_CURLY_QUOTES)
    return _Reader(_CDATA.sub(lambda mark: " " * len(mark[0]), text)).read()


class _Reader:
    """Read one text from left to right.

    Args:
        text: The text.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._missing_ends = 0

    def read(self) -> LenientJson:
        values: list[Any] = []
        while self._skip(",;]})"):
            if self._peek() not in "[{":
                raise self._fault("expected { or [")
            values.append(self._value(depth=0))
        if not values:
            raise self._fault("there is no object")
        return LenientJson(values, self._missing_ends)

    def _skip(self, also: str = "") -> bool:
        """Skip white space, comments and the given characters; False at the end of the text."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr] # it matches nothing, too
            if self._at == len(self._text):
                return False
            if self._text[self._at] not in also:
                return True
            self._at += 1

    def _peek(self) -> str:
        return self._text[self._at]

    def _fault(self, message: str, at: int | None = None) -> JSONDecodeError:
        return JSONDecodeError(message, self._text, self._at if at is None else at)

    def _value(self, *, depth: int) -> Any:
        char = self._peek()
        if char in "[{" and depth >= MAX_DEPTH:
            raise self._fault(f"nested deeper than {MAX_DEPTH}")
        if char == "{":
            return self._object(depth)
        if char == "[":
            return self._array(depth)
        if char in "\"'":
            return self._string(is_key=False)
        return self._scalar()

    def _object(self, depth: int) -> dict[str, Any]:
        self._at += 1
        members: dict[str, Any] = {}
        while self._next_or_end("}"):
            key = self._key()
            if not self._skip() or self._peek() != ":":
                raise self._fault(f"expected a colon after {key[:40]!r}")
            self._at += 1
            members[key] = self._value(depth=depth + 1) if self._has_value() else None
        return members

    def _array(self, depth: int) -> list[Any]:
        self._at += 1
        items: list[Any] = []
        while self._next_or_end("]"):
            items.append(self._value(depth=depth + 1))
        return items

    def _next_or_end(self, end: str) -> bool:
        """Go to the next member; False after the closing bracket, or where the text ends."""
        if not self._skip(",;"):
            self._missing_ends += 1
            return False
        if self._peek() == end:
            self._at += 1
            return False
        if self._peek() in "]}":
            raise self._fault(f"expected {end}")
        return True

    def _has_value(self) -> bool:
        return self._skip() and self._peek() not in ",;}]"

    def _key(self) -> str:
        if not _KEY_START.match(self._text, self._at):
            raise self._fault("expected a name in quotes")
        if self._peek() in "\"'":
            return self._string(is_key=True)
        bare = _BARE_KEY.match(self._text, self._at)
        if bare is None:
            raise self._fault("expected a name in quotes")
        self._at = bare.end()
        return bare[0]

    def _scalar(self) -> Any:
        number = _NUMBER.match(self._text, self._at)
        bare = _BARE_VALUE.match(self._text, self._at)
        if bare is None:
            raise self._fault("expected a value")
        if number is not None and number.end() == bare.end():
            self._at = number.end()
            return float(number[0]) if set(number[0]) & set(".eE") else int(number[0])
        word = bare[0].lower()
        if word not in _WORDS:
            if word[0].isdigit() or word[0] in "+.":  # 007, 1.2.3, +44: digits, not a number
                self._at = bare.end()
                return bare[0]
            raise self._fault(f"expected a value, not {bare[0][:40]!r}")
        self._at = bare.end()
        return _WORDS[word]

    def _string(self, *, is_key: bool) -> str:
        """Read a string; a value's quote ends it only where something can follow a value."""
        start, quote = self._at, self._peek()
        ends = re.compile(rf"[{quote}\\]")
        parts: list[str] = []
        position = start + 1
        while (found := ends.search(self._text, position)) is not None:
            parts.append(self._text[position : found.start()])
            position = found.end()
            if found[0] == "\\":
                part, position = self._escape(position)
                parts.append(part)
            elif is_key or _CLOSES_VALUE.match(self._text, position):
                self._at = position
                return "".join(parts)
            else:
                parts.append(quote)
        raise self._fault("a string that starts here does not end", start)

    def _escape(self, position: int) -> tuple[str, int]:
        code = _HEX.match(self._text, position)
        if code is None:
            char = self._text[position : position + 1]
            return _ESCAPES.get(char, char), position + 1
        unit, end = int(code[1], 16), code.end()
        low = _HEX.match(self._text, end + 1) if self._text[end : end + 1] == "\\" else None
        if low is not None and 0xD800 <= unit < 0xDC00 <= int(low[1], 16) < 0xE000:  # noqa: PLR2004 - UTF-16's surrogates
            unit = 0x10000 + ((unit - 0xD800) << 10) + (int(low[1], 16) - 0xDC00)
            end = low.end()
        return chr(unit), end
