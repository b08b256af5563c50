"""What of ours in Logfire is no longer as the definitions say, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from telemetry.sync.plan import Change
from telemetry.sync.resources import Kind
from telemetry.sync.texts import diff_lines, write_lines

if TYPE_CHECKING:
    from telemetry.sync.plan import Plan
    from telemetry.sync.remote import Observed, Remote
    from telemetry.sync.resources import Key


class Cause(StrEnum):
    """Why an object differs."""

    EDITED = "edited"
    """Somebody changed it in Logfire."""
    DEFINITION = "definition"
    """Its definition has changed and is not applied yet."""
    MISSING = "missing"
    """It is not there: deleted, or never applied."""
    UNKNOWN = "unknown"
    """It carries nothing that would tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Hold one object that differs.

    Attributes:
        key: Its kind and identity.
        cause: Why.
        changed_by: Who changed it last in Logfire; "" where nobody tells.
        changed_at: When.
        diff: From the definition to what is there.
    """

    key: Key
    cause: Cause
    changed_by: str = ""
    changed_at: str = ""
    diff: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """It in one line."""
        kind, identity = self.key
        who = f" by {self.changed_by}" if self.changed_by else ""
        when = f" at {self.changed_at}" if self.changed_at else ""
        said = {
            Cause.EDITED: f"was changed in Logfire{who}{when}",
            Cause.DEFINITION: "has a definition that is not applied yet",
            Cause.MISSING: "is not there: deleted, or never applied",
            Cause.UNKNOWN: f"differs{who and f'; last changed{who}{when}'}",
        }
        return f"{kind.title} {identity} {said[self.cause]}"

    def describe(self) -> dict[str, Any]:
        """Return it as data for programs."""
        return {
            "kind": self.key[0].value,
            "identity": self.key[1],
            "cause": self.cause.value,
            "changed_by": self.changed_by,
            "changed_at": self.changed_at,
            "diff": "\n".join(self.diff),
        }


def find_drift(plan: Plan, remote: Remote) -> list[Drift]:
    """Return what differs of what mystage manages; what is not ours is no drift."""
    found = []
    for action in plan.actions:
        observed = remote.objects.get(action.key)
        if action.change is Change.ADD or observed is None:
            found.append(Drift(key=action.key, cause=Cause.MISSING))
        elif observed.managed:
            # The other way round than in a plan: what has become of the definition.
            diff = diff_lines(write_lines(action.after), write_lines(action.before))
            found.append(
                Drift(
                    key=action.key,
                    cause=_cause(observed),
                    changed_by=observed.changed_by,
                    changed_at=observed.changed_at,
                    diff=tuple(diff),
                )
            )
    return found


def _cause(observed: Observed) -> Cause:
    if observed.kind in (Kind.CHANNEL, Kind.SCHEDULE) or observed.marker is None:
        return Cause.UNKNOWN
    return Cause.DEFINITION if observed.is_as_written else Cause.EDITED
