"""Attributes: from the bytes of a message to a dict per row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from telemetry import semconv
from telemetry.emulator.otlp.values import JsonValue, read_json, to_value
from telemetry.errors import InvalidPayload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from collections.abc import Set as AbstractSet
    from typing import TypeGuard

    Attributes = dict[str, JsonValue]

T = TypeVar("T")

_PARSE: Final = KeyValue.FromString

_NESTED: Final = ("object", "array")
_PLAIN: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


class AttributeReader(dict[bytes, tuple[str, JsonValue]]):
    """Read the attributes of one body, and each distinct one only once.

    It maps the bytes of a ``KeyValue`` to its key and its value. Looking up eighteen attributes by
    their bytes takes a fifth of the time of asking as many messages.
    """

    def __missing__(self, raw: bytes) -> tuple[str, JsonValue]:
        # As wire.parse does it, without the call: most of the time here goes into such attributes.
        try:
            message = _PARSE(raw)
        except DecodeError as error:
            raise InvalidPayload(f"not a valid KeyValue: {error}") from error
        value = message.value
        # Most are strings, and a string that is not empty need not be asked what it is.
        pair = self[raw] = message.key, value.string_value or to_value(value)
        return pair

    def read(self, attributes: Iterable[bytes]) -> Attributes:
        """Return attributes as a dict; of two with one key, the last.

        Raises:
            InvalidPayload: One of them is no attribute.
        """
        return dict(map(self.__getitem__, attributes))

    @property
    def keys_read(self) -> frozenset[str]:
        """Every key there was so far: what is not among them, no row has."""
        return frozenset(key for key, _ in self.values())


class JsonSchemas(dict[str, tuple[tuple[str, str], ...]]):
    """Know, for each ``logfire.json_schema``, which attributes are JSON texts, and of what type.

    Logfire's SDK sends as JSON text whatever OpenTelemetry has no type for, and then names it in
    the schema with more than ``{}``: an object or array with all that is in it, but also a date or
    an enumeration, whose text is a string in quotes.
    https://logfire.pydantic.dev/docs/guides/onboarding-checklist/add-manual-tracing/#attributes
    """

    def __missing__(self, schema: str) -> tuple[tuple[str, str], ...]:
        _, document = read_json(schema)
        properties = document.get("properties") if isinstance(document, dict) else None
        texts = self[schema] = tuple(
            (key, kind)
            for key, described in (properties.items() if isinstance(properties, dict) else ())
            if isinstance(described, dict) and isinstance(kind := described.get("type"), str)
        )
        return texts


def decode_json_texts(rows: Iterable[Attributes]) -> None:
    """Take ``logfire.json_schema`` out of each row, and decode the attributes that it names.

    What is no JSON of the type named stays the string it is. Logfire keeps the schema in an
    internal column, out of ``attributes``.
    """
    schemas = JsonSchemas()
    for row in rows:
        schema = row.get(semconv.LOGFIRE_JSON_SCHEMA)
        if not isinstance(schema, str):
            continue
        del row[semconv.LOGFIRE_JSON_SCHEMA]
        for key, kind in schemas[schema]:
            text = row.get(key)
            if isinstance(text, str):
                row[key] = _decode(text, kind)


def _decode(text: str, kind: str) -> JsonValue:
    valid, value = read_json(text)
    if valid and (kind in _NESTED or type(value) in _PLAIN.get(kind, ())):
        return value
    return text


def take(
    rows: Sequence[Attributes],
    key: str,
    suits: Callable[[JsonValue], TypeGuard[T]],
    defaults: Iterable[T],
) -> list[T]:
    """Take an attribute that becomes a column out of each row.

    Args:
        rows: The attributes, row by row; changed.
        key: The attribute's.
        suits: Whether the column can hold a value. One that it cannot stays an attribute.
        defaults: What the rows without it get.
    """
    taken = []
    for row, default in zip(rows, defaults, strict=True):
        value = row.get(key)
        if suits(value):
            del row[key]
            taken.append(value)
        else:
            taken.append(default)
    return taken


def first_of(
    rows: Sequence[Attributes], keys: Sequence[str], present: AbstractSet[str]
) -> list[JsonValue] | None:
    """Return each row's value of the first of the keys it has; None if no row can have any.

    Args:
        rows: The attributes, row by row.
        keys: In the order of their precedence.
        present: The keys there are in any row.
    """
    found = [key for key in keys if key in present]
    if not found:
        return None
    first, *others = found
    values = [row.get(first) for row in rows]
    for key in others:
        values = [
            row.get(key) if value is None else value
            for row, value in zip(rows, values, strict=True)
        ]
    return values
