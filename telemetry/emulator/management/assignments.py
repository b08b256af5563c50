"""Which channels are told, and in which hours: what alerts and objectives refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID  # noqa: TC003 - pydantic reads at run time

from pydantic import Field

from telemetry.emulator.management.bodies import Body, Content, refuse_body

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.emulator.management.rows import Rows

FIELD: Final = "channel_assignments"
SPEEDS: Final = ("fast", "medium", "slow")
"""Of a budget that burns: an objective has an alert for each."""


class Assignment(Body):
    """Name a channel, and a schedule where it is not to be told at any time."""

    channel_id: UUID
    schedule_id: UUID | None = None


Assignments = Annotated[tuple[Assignment, ...], Field(max_length=100)]


def iterate_assignments(
    content: Content,
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Yield the assignments of an alert or an objective, each after its place in the body."""
    for number, each in enumerate(content.get(FIELD, ())):
        yield (FIELD, number), each
    for speed in SPEEDS:
        for number, each in enumerate(content.get("alerts", {}).get(speed, {}).get(FIELD, ())):
            yield ("alerts", speed, FIELD, number), each


def check_assignments(rows: Rows, content: Content) -> None:
    """Make sure that every channel and schedule is there.

    Raises:
        Refusal: One is not; the answer says where it is named.
    """
    for place, assignment in iterate_assignments(content):
        for kind in ("channel", "schedule"):
            field = f"{kind}_id"
            identifier = assignment[field]
            if identifier is not None and rows.find(kind, identifier) is None:
                raise refuse_body(f"there is no {kind} {identifier}", *place, field)


def find_users(rows: Rows, field: str, identifier: str) -> str:
    """Return a text that names who refers to a channel or a schedule; "" for nobody."""
    return ", ".join(
        f"the {kind} {row.content['name']!r}"
        for kind in ("alert", "slo")
        for row in rows.all(kind)
        if any(each[field] == identifier for _, each in iterate_assignments(row.content))
    )
