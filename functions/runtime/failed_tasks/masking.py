"""Payloads as they may be shown: without what looks like a secret."""

from __future__ import annotations

import re
from typing import Any, Final

from telemetry.lint.secrets import masked

MASK: Final = "*" * 10

_SECRET_NAME: Final = re.compile(
    r"token|passw(or)?d|passphrase|secret|authorization|api[-_ ]?key|private[-_ ]?key|credential"
    r"|cookie|^auth$|^pwd$",
    re.IGNORECASE,
)

_NAME: Final = re.compile(r"(?<![\w-])(?P<name>[\w-]{1,200}+)\\*[\"']?\s*+[:=]\s*+\\*")
_VALUE: Final = re.compile(
    r"\"(?:[^\"\\]|\\.)*+\"?|'(?:[^'\\]|\\.)*+'?|(?:(?:bearer|basic)\s++)?[^\s\"'&;,{}\[\]]++",
    re.IGNORECASE,
)
"""A name and the value behind it, as in JSON, in a header or in an address. No part of a text is
looked at twice: a body of a megabyte may be anything."""


def mask_secrets(value: Any) -> Any:
    """Return a payload in which secrets are masked: by the name they have, or by how they look.

    Args:
        value: Anything that documents hold. Bytes, which are bodies that are no JSON, become text.
    """
    match value:
        case dict():
            return {
                name: MASK if _hides(name, each) else mask_secrets(each)
                for name, each in value.items()
            }
        case list() | tuple():
            return [mask_secrets(each) for each in value]
        case bytes():
            return mask_text(value.decode(errors="replace"))
        case str():
            return mask_text(value)
        case _:
            return value


def mask_text(text: str) -> str:
    """Return a text in which secrets are masked."""
    text = masked(text)
    parts, at = [], 0
    for name in _NAME.finditer(text):
        if name.start() < at or not _SECRET_NAME.search(name["name"]):
            continue
        if value := _VALUE.match(text, name.end()):
            parts += [text[at : name.end()], MASK]
            at = value.end()
    return "".join([*parts, text[at:]])


def _hides(name: str, value: object) -> bool:
    is_empty = value in (None, "") or isinstance(value, bool)
    return not is_empty and _SECRET_NAME.search(name) is not None
