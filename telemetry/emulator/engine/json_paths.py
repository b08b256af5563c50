"""Paths into JSON text, and a batch of texts looked into at once.

A path is the JSON text of an array: strings name the keys of objects, numbers the items of arrays.
A string within an array of its own, as in ``[["0"]]``, was computed by the query: it may be either.
What is found where follows https://github.com/datafusion-contrib/datafusion-functions-json, which
Logfire runs on: a step that does not fit finds nothing, and so does text that is no JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Path = tuple[Any, ...]

ABSENT: Final = object()
"""What is found where nothing is; JSON's ``null`` is found as None."""

_SAMPLE: Final = 64
"""How many texts of a batch are looked at to choose how to read all of them."""
_REPEATED: Final = 0.5
"""Below which share of distinct texts each is read once: resources repeat, attributes do not."""


def parse_path(text: str | None) -> Path | None:
    """Return the steps of a path; None for a path that leads nowhere."""
    return None if text is None else tuple(orjson.loads(text))


def look_up(document: Any, path: Path) -> Any:
    """Return what is at a path, or ``ABSENT``."""
    found = document
    for step in path:
        found = _step_into(found, step)
        if found is ABSENT:
            break
    return found


def _step_into(value: Any, step: str | int | list[str]) -> Any:
    if isinstance(step, list):
        key = step[0]
        return _step_into(value, int(key) if isinstance(value, list) and key.isdecimal() else key)
    if isinstance(step, str):
        return value.get(step, ABSENT) if isinstance(value, dict) else ABSENT
    if isinstance(value, list) and 0 <= step < len(value):
        return value[step]
    return ABSENT


def map_paths(
    texts: pa.Array, paths: pa.Array, convert: Callable[[Any], Any], kind: pa.DataType
) -> pa.Array:
    """Look a path up in every text and convert what is there.

    Args:
        texts: JSON, one text a row.
        paths: As many paths, mostly all the same.
        convert: Makes the result from what was found, which is never ``ABSENT``.
        kind: Of the result.

    Returns:
        One result a row; NULL where nothing is found.
    """
    if isinstance(texts, pa.ExtensionArray):
        texts = texts.storage
    distinct = pc.unique(paths)
    if len(distinct) == 1:
        return _map_one(texts, parse_path(distinct[0].as_py()), convert, kind)
    known = {text: parse_path(text) for text in distinct.to_pylist()}
    pairs = zip(texts.to_pylist(), paths.to_pylist(), strict=True)
    return pa.array([_look_into(text, known[path], convert) for text, path in pairs], kind)


def _map_one(
    texts: pa.Array, path: Path | None, convert: Callable[[Any], Any], kind: pa.DataType
) -> pa.Array:
    if path is None:
        return pa.nulls(len(texts), kind)
    sample = [text for text in texts[:_SAMPLE].to_pylist() if text is not None]
    if len(set(sample)) < _REPEATED * len(sample):
        encoded = texts.dictionary_encode()
        results = [_look_into(text, path, convert) for text in encoded.dictionary.to_pylist()]
        return pa.array(results, kind).take(encoded.indices)
    if len(path) == 1 and isinstance(path[0], str):
        return pa.array(_values_of(path[0], texts.to_pylist(), convert), kind)
    return pa.array([_look_into(text, path, convert) for text in texts.to_pylist()], kind)


def _look_into(text: str | None, path: Path | None, convert: Callable[[Any], Any]) -> Any:
    if text is None or path is None:
        return None
    try:
        found = look_up(orjson.loads(text), path)
    except orjson.JSONDecodeError:
        # A log's body may be plain text.
        return None
    return None if found is ABSENT else convert(found)


def _values_of(
    key: str, texts: Iterable[str | None], convert: Callable[[Any], Any]
) -> Iterator[Any]:
    """Give what ``_look_into`` does for a single key, several times as fast.

    A text that cannot have the key is left unread: one without it, and without a backslash, which
    might spell it in another way. Each document is let go at once, while it is in the cache.
    """
    loads, quoted = orjson.loads, orjson.dumps(key).decode()
    for text in texts:
        if text is None or (quoted not in text and "\\" not in text):
            yield None
            continue
        try:
            document = loads(text)
        except orjson.JSONDecodeError:
            yield None
            continue
        if type(document) is dict and key in document:
            yield convert(document[key])
        else:
            yield None
