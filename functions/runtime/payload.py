"""What travels in a task's body: one JSON object, the stage's fields beside ``ctx``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.errors import PayloadError, PayloadTooLarge

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY_BYTES: Final = 1_000_000
"""Cloud Tasks takes about 1 MiB for a whole HTTP task: its URL, headers and name count too."""

MAX_IDS: Final = 100
"""Ids of one field that a span tells; a task may be about thousands of entities."""


@dataclass(frozen=True, slots=True)
class ItemId:
    """Mark a payload's field as the id, or the ids, of what its task is about.

    Attributes:
        attribute: What the stage's span calls it; the field's own name where it is "".
    """

    attribute: str = ""


class Payload(BaseModel):
    """Be the base of every stage's payload model.

    ``ctx`` is the trace context of the producer's span. It travels in the body because Google's
    front end rewrites the ``traceparent`` header. Whatever is in it never fails a task.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ctx: object = Field(default=None, repr=False)


PayloadT = TypeVar("PayloadT", bound=Payload)


def read_item_ids(payload: Payload) -> Mapping[str, str | list[str]]:
    """Return what a task is about, as attributes of its span: the fields marked as ``ItemId``.

    Of a field that holds several, the first ``MAX_IDS``.
    """
    ids: dict[str, str | list[str]] = {}
    for field, attribute in _find_id_fields(type(payload)):
        value = getattr(payload, field)
        ids[attribute] = [*map(str, value[:MAX_IDS])] if isinstance(value, tuple) else str(value)
    return ids


def list_item_ids(payload: Payload) -> tuple[str, ...]:
    """Return what a task is about, each as ``name=id``."""
    return tuple(
        f"{name}={each}"
        for name, value in read_item_ids(payload).items()
        for each in ([value] if isinstance(value, str) else value)
    )


@cache
def _find_id_fields(model: type[Payload]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, mark.attribute or name)
        for name, field in model.model_fields.items()
        for mark in field.metadata
        if isinstance(mark, ItemId)
    )


def decode_payload(body: bytes, model: type[PayloadT]) -> PayloadT:
    """Validate a task's body against its stage's model.

    Raises:
        PayloadError: Not JSON, or not what the stage declares; the message names each field.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise PayloadError(f"the body is not a {model.__name__}: {faults}") from None


def encode_payload(payload: Payload, ctx: dict[str, str]) -> bytes:
    """Write a payload, with its trace context, as a task's body.

    Raises:
        PayloadTooLarge: More than Cloud Tasks takes.
    """
    body = payload.model_copy(update={"ctx": ctx}).model_dump_json().encode()
    if len(body) > MAX_BODY_BYTES:
        raise PayloadTooLarge(
            f"a {type(payload).__name__} of {len(body):,} bytes: Cloud Tasks takes"
            f" {MAX_BODY_BYTES:,}. Store the data as a document or blob and send its id."
        )
    return body
