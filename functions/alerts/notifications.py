"""What Logfire's webhook channel sends in its format ``raw-data``, read tolerantly.

Logfire does not document the format, so nothing is insisted on but what an incident is made of:
which alert it is, and whether it has matches. What else is missing, or of another type, is left
out; what is not known is passed over.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from functions.stages.collections import hash_id

MAX_ROWS: Final = 20
"""Rows that are kept of one run; more are counted only."""

_MAX_COLUMNS: Final = 12
_MAX_COLUMN: Final = 60
_MAX_VALUE: Final = 200
_MAX_ROWS_BYTES: Final = 16_000
"""Of one run's rows: one always fits, and so do all runs that an incident keeps in a document."""

_MAX_TEXT: Final = 2_000
_MOMENT: Final = TypeAdapter(datetime)


def _to_text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)[:_MAX_TEXT]


def _to_flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _to_count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value < 2**53 else None


def _to_moment(value: object) -> datetime | None:
    try:
        moment = _MOMENT.validate_python(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValidationError, OverflowError):
        return None


def _to_rows(value: object) -> list[dict[str, Any]] | None:
    if not isinstance(value, list):
        return None
    return [row for row in value if isinstance(row, dict)]


_Text = Annotated[str, BeforeValidator(_to_text)]
_Flag = Annotated[bool | None, BeforeValidator(_to_flag)]


class AlertNotification(BaseModel):
    """Say how a run of an alert ended.

    Attributes:
        alert_id: Its id; "" where it has only a name.
        alert_name: Its name, for people.
        alert_description: What to do about it.
        project_id: Of Logfire.
        project_name: Of Logfire.
        run_id: Tells the alert's runs apart; "" where that is not told.
        evaluated_at: When it ran, in UTC; None where that is not told.
        has_matches: Whether it fires; None where only the rows say so.
        had_matches: Whether it fired the run before; None where that is not told.
        result_length: How many rows there were, where not all of them are in ``result``.
        result: Rows.
        error: Why it could not be run; "" where it could.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    alert_id: _Text = ""
    alert_name: _Text = ""
    alert_description: _Text = ""
    project_id: _Text = ""
    project_name: _Text = ""
    run_id: _Text = ""
    evaluated_at: Annotated[datetime | None, BeforeValidator(_to_moment)] = None
    has_matches: _Flag = None
    had_matches: _Flag = None
    result_length: Annotated[int | None, BeforeValidator(_to_count)] = None
    result: Annotated[list[dict[str, Any]] | None, BeforeValidator(_to_rows)] = None
    error: _Text = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (self.alert_id or self.alert_name):
            raise ValueError("neither alert_id nor alert_name says which alert it is")
        if self.has_matches is None and self.result is None and not self.error:
            raise ValueError("neither has_matches nor result says whether the alert fires")
        return self

    @property
    def fires(self) -> bool:
        """Whether there are matches."""
        return bool(self.result) if self.has_matches is None else self.has_matches

    @property
    def matches(self) -> int:
        """How many there are."""
        return max(self.result_length or 0, len(self.result or ()))

    @property
    def alert_key(self) -> str:
        """An id for documents that all of the alert's runs have in common."""
        if self.alert_id:
            return hash_id("alert", self.alert_id)
        return hash_id("alert", self.project_id or self.project_name, self.alert_name)

    @property
    def title(self) -> str:
        """What to call the alert."""
        return self.alert_name or self.alert_id


def pack_rows(rows: list[dict[str, Any]] | None) -> str:
    """Return rows as JSON, as many as may be kept, of scalars only.

    JSON rather than a list of maps: a column may have a name that no field of a document can have.
    """
    packed: list[dict[str, Any]] = []
    size = 2
    for row in (rows or ())[:MAX_ROWS]:
        kept = {
            name[:_MAX_COLUMN]: _to_scalar(value)
            for name, value in list(row.items())[:_MAX_COLUMNS]
        }
        size += len(_dump(kept).encode()) + 1
        if size > _MAX_ROWS_BYTES:
            break
        packed.append(kept)
    return _dump(packed)


def unpack_rows(packed: str) -> list[dict[str, Any]]:
    """Return rows that were packed."""
    rows: list[dict[str, Any]] = json.loads(packed)
    return rows


def _to_scalar(value: object) -> object:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else f"{value:x}"[:_MAX_VALUE]
    text = value if isinstance(value, str) else _dump(value)
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1] + "…"


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
