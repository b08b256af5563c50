"""Plain data whose shape nobody warrants: what comes back from a server, or stands in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_EMPTIABLE: Final = frozenset({str, list, dict})


def as_mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping; an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: Any, key: str) -> list[Any]:
    """Return the list that a mapping has under a key; an empty one for anything else."""
    found = as_mapping(value).get(key)
    return list(found) if isinstance(found, list | tuple) else []


def clean_text(text: str) -> str:
    """Return a text without what editors and servers change at its ends and in its line ends."""
    return text.replace("\r\n", "\n").strip()


def tidy(value: Any) -> Any:
    """Return plain data without keys that say nothing, and with whole numbers as such."""
    kind: type[Any] = value.__class__
    if kind is dict:
        tidied = {}
        for key, each in value.items():
            clean = tidy(each)
            # 0 and False say something.
            if clean is None or (type(clean) in _EMPTIABLE and not clean):
                continue
            tidied[str(key)] = clean
        return tidied
    if kind is list or kind is tuple:
        return [tidy(each) for each in value]
    if kind is float and value.is_integer():
        return int(value)
    return value


def tidy_mapping(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping without keys that say nothing."""
    tidied: dict[str, Any] = tidy(value)
    return tidied
