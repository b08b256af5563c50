"""What an address asks for: filters, the place in the list, and the way back to them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qsl, urlencode

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from functions.errors import InvalidDocumentId
from functions.runtime.failed_tasks.documents import FAILED_TASKS, Status
from functions.runtime.failed_tasks.search import Criteria
from functions.runtime.store import Document
from functions.runtime.store.limits import check_name

ALL: Final = "all"
"""Whatever the status."""


def _to_utc(moment: datetime) -> datetime:
    try:
        # What has no offset is UTC, as all times of the console.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError("it is outside the years 1 to 9999 in UTC") from None


def _check_place(text: str) -> str:
    if text:
        read_place(text)
    return text


def _refuse_number(moment: object) -> object:
    if isinstance(moment, int | float):
        raise ValueError("a time is text, as 2026-01-31T12:00:00Z")  # noqa: TRY004 - for pydantic
    return moment


Moment = Annotated[datetime, BeforeValidator(_refuse_number), AfterValidator(_to_utc)]
Word = Annotated[str, Field(max_length=500)]


class Query(BaseModel):
    """Filter failed tasks; what is left out does not matter, but for the status."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    status: Literal["failed", "retrying", "resolved", "all"] = Field(
        "failed", description="Where the failed task stands."
    )
    stage: Word = Field("", description="The stage of the pipeline.")
    function: Word = Field("", description="The Cloud Function.")
    task_type: Word = Field("", description="The kind of task.")
    error_type: Word = Field("", description="The error's class.")
    fingerprint: Word = Field("", description="What failures of one cause have in common.")
    since: Moment | None = Field(
        None, alias="from", description="Last failed then, or later; in UTC without an offset."
    )
    until: Moment | None = Field(None, alias="to", description="Last failed before.")
    text: Word = Field("", description="Words that are in the message or in the payload.")

    def to_criteria(self) -> Criteria:
        """Return it as the store's search takes it."""
        return Criteria(
            status="" if self.status == ALL else self.status,
            pipeline_stage=self.stage,
            function_name=self.function,
            task_type=self.task_type,
            error_type=self.error_type,
            fingerprint=self.fingerprint,
            since=self.since,
            until=self.until,
            text=self.text,
        )

    def to_address(self, **changes: str) -> str:
        """Return it as a query string, without what is so by default.

        Args:
            **changes: Values in the place of its own, and others besides; "" for none.
        """
        said = self.model_dump(by_alias=True, exclude_defaults=True, exclude={"limit"})
        values = {name: _write(value) for name, value in said.items()} | changes
        return urlencode({name: value for name, value in values.items() if value})

    @property
    def is_filtered(self) -> bool:
        """Whether it asks for more than a status."""
        return bool(self.model_dump(exclude={"status"}, exclude_defaults=True))


class PagedQuery(Query):
    """Filter failed tasks, and say which page of them is meant."""

    after: Annotated[str, Field(max_length=2_000), AfterValidator(_check_place)] = Field(
        "", description="Where to go on: `next` of the page before."
    )
    limit: int = Field(50, ge=1, le=500, description="The most to return.")

    @property
    def place(self) -> Document | None:
        """Behind which failed task it begins; None for at the first."""
        return read_place(self.after) if self.after else None


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold what an address asks for.

    Attributes:
        query: What of it makes sense.
        faults: What makes none, by the name of the parameter.
    """

    query: PagedQuery
    faults: dict[str, str]


def read_query(parameters: dict[str, str]) -> Asked:
    """Read the parameters of a page's address; what is blank is left out."""
    given = {name: value for name, value in parameters.items() if value.strip()}
    given.pop("limit", None)
    try:
        return Asked(PagedQuery.model_validate(given), {})
    except ValidationError as error:
        faults = {
            str(each["loc"][0]): each["msg"]
            for each in error.errors(include_url=False, include_input=False)
        }
    kept = {name: value for name, value in given.items() if name not in faults}
    return Asked(PagedQuery.model_validate(kept), faults)


_PLACE: Final = TypeAdapter(tuple[Moment, str])


def write_place(seen: Document | None) -> str:
    """Return where to go on behind a failed task; "" where there is nothing more."""
    if seen is None:
        return ""
    said = json.dumps([seen.data["last_failed_at"].isoformat(), seen.id])
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def read_place(text: str) -> Document:
    """Return the failed task behind which to go on, as far as a search needs it.

    Raises:
        ValueError: It is no place that ``write_place`` has written.
    """
    try:
        said = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        at, failed_id = _PLACE.validate_json(said)
        check_name(FAILED_TASKS, failed_id)
    except (ValueError, InvalidDocumentId) as error:  # of base64, of JSON, or of the id
        raise ValueError("it is no place in a list: begin at its first page") from error
    return Document(FAILED_TASKS, failed_id, {"last_failed_at": at}, at, at)


STATUSES: Final = (*map(str, Status), ALL)


def _write(value: Any) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if isinstance(value, datetime) else str(value)


def read_back(address: str) -> str:
    """Return the query string of a list that a form came from, of what makes sense in it.

    It is written anew, so that it leads nowhere else.
    """
    asked = read_query(dict(parse_qsl(address)))
    return asked.query.to_address(status=asked.query.status)
