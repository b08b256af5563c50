"""What travels in a task's body: one JSON object, the stage's fields beside ``ctx``."""

from __future__ import annotations

from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.errors import PayloadError, PayloadTooLarge

MAX_BODY_BYTES: Final = 1_000_000
"""Cloud Tasks takes about 1 MiB for a whole HTTP task: its URL, headers and name count too."""


class Payload(BaseModel):
    """Be the base of every stage's payload model.

    ``ctx`` is the trace context of the producer's span. It travels in the body because Google's
    front end rewrites the ``traceparent`` header. Whatever is in it never fails a task.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ctx: object = Field(default=None, repr=False)


PayloadT = TypeVar("PayloadT", bound=Payload)


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
