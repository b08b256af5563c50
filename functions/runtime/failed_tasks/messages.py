"""Dead letters on their way: as a message of Pub/Sub, and read back whichever way it came.

A function behind a push subscription gets the message in an envelope, one behind Eventarc gets a
CloudEvent around or beside it (https://cloud.google.com/pubsub/docs/push,
https://cloud.google.com/eventarc/docs/cloudevents). The message's data is the letter as JSON; its
attributes are those of the planning document, by which a subscription can filter.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from functions.errors import PayloadError
from functions.runtime.dead_letters import DeadLetter
from functions.runtime.failed_tasks.documents import UNKNOWN
from functions.runtime.payload import MAX_BODY_BYTES

_MAX_ATTRIBUTE: Final = 1_024
"""Bytes of an attribute's value (https://cloud.google.com/pubsub/quotas#resource_limits)."""

_TOLD_PLACES: Final = 10
"""Faults of a letter that are told: it may have thousands."""


def _to_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("it is outside the years 1 to 9999 in UTC") from None


_Time = Annotated[AwareDatetime, AfterValidator(_to_utc)]
_Name = Annotated[str, StringConstraints(max_length=200)]
_Id = Annotated[str, StringConstraints(max_length=2_000)]


class _Past(BaseModel):
    model_config = ConfigDict(extra="ignore")

    number: int = Field(ge=1, le=1_000_000)
    at: _Time
    error_type: str = Field(max_length=1_000)
    error_message: str = Field(max_length=10_000)


class _Letter(BaseModel):
    """Check a letter that comes from outside."""

    model_config = ConfigDict(extra="ignore")

    task_id: str = Field(min_length=1, max_length=500, pattern=r"^[A-Za-z0-9_-]+$")
    stage: str = Field(min_length=1, max_length=200)
    task_type: _Name
    function_name: _Name
    function_url: str = Field(max_length=2_000)
    body: str
    error_type: str = Field(max_length=1_000)
    error_message: str = Field(max_length=10_000)
    attempts: int = Field(ge=0, le=1_000_000)
    failed_at: _Time
    trace_id: str = Field("", max_length=100)
    stack_trace: str = Field("", max_length=100_000)
    queue: str = Field("", max_length=500)
    service: _Name = ""
    service_version: _Name = ""
    item_ids: list[_Id] = Field([], max_length=1_000)
    past: list[_Past] = Field([], max_length=1_000)


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    data: str
    message_id: str = Field("", alias="messageId")


def to_message(letter: DeadLetter) -> dict[str, Any]:
    """Return the message that a letter is published as: ``data`` in base64, and ``attributes``."""
    said = letter.to_fields() | {
        "task_id": letter.task_id,
        "body": base64.b64encode(letter.body).decode(),
    }
    data = json.dumps(said, default=_write_time).encode()
    return {
        "data": base64.b64encode(data).decode(),
        "attributes": {
            "function_name": _cut(letter.function_name),
            "function_url": _cut(letter.function_url),
            "error_message": _cut(letter.error_message),
            "retry_count": str(letter.attempts),
            "pipeline_stage": _cut(letter.stage),
            "task_type": _cut(letter.task_type),
        },
    }


def read_message(body: bytes) -> DeadLetter:
    """Return the letter in a push, or in a CloudEvent in either of its modes.

    A message that holds no letter becomes one, of a task that nobody knows: it is somebody's, and
    would be delivered for ever otherwise.

    Raises:
        PayloadError: It is no message at all.
    """
    message = _find_message(body)
    try:
        data = base64.b64decode(message.data, validate=True)
    except ValueError:
        data = message.data.encode(errors="replace")
        return _unreadable(message, data, "its data is no base64")
    try:
        read = _Letter.model_validate_json(data)
        said = dict(read) | {
            "body": base64.b64decode(read.body, validate=True),
            "past": [dict(each) for each in read.past],
        }
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        places = [".".join(map(str, each["loc"])) or "data" for each in faults]
        more = ", …" if len(places) > _TOLD_PLACES else ""
        told = ", ".join(places[:_TOLD_PLACES]) + more
        return _unreadable(message, data, f"it is no dead letter: {told}")
    except ValueError:
        return _unreadable(message, data, "its body is no base64")
    return DeadLetter(**said)


def _find_message(body: bytes) -> _Message:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PayloadError("the call's body is no JSON") from error
    # A CloudEvent in structured mode holds, as its data, what a push and its binary mode are.
    if isinstance(said, dict) and "specversion" in said:
        said = said.get("data")
    try:
        return _Message.model_validate(said.get("message") if isinstance(said, dict) else None)
    except ValidationError as error:
        raise PayloadError("the call's body is no message of Pub/Sub") from error


def _unreadable(message: _Message, data: bytes, reason: str) -> DeadLetter:
    name = message.message_id.encode(errors="replace") or data
    return DeadLetter(
        task_id="message-" + hashlib.sha256(name).hexdigest()[:40],
        stage=UNKNOWN,
        task_type=UNKNOWN,
        function_name=UNKNOWN,
        function_url="",
        body=data[:MAX_BODY_BYTES],
        error_type="UnreadableMessage",
        error_message=f"a message on the dead-letter topic cannot be read: {reason}",
        attempts=0,
        failed_at=datetime.now(UTC),
    )


def _write_time(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"a dead letter holds no {type(value).__name__}")


def _cut(text: str) -> str:
    return text.encode()[:_MAX_ATTRIBUTE].decode(errors="ignore")
