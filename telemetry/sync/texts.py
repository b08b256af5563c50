"""Plans as text: every object as readable lines, and what differs between two of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from telemetry.sync.plan import Action, Change, Plan
from telemetry.sync.state import STATE_SLUG
from telemetry.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

SIGNS: Final = {Change.ADD: "+", Change.CHANGE: "~", Change.DESTROY: "-"}
_INDENT: Final = "  "
_CONTEXT: Final = 3
_SHORT: Final = 80
"""Characters of a list that is written in one line."""
_NESTED: Final = (Mapping, list, tuple)


def write_lines(value: Any) -> list[str]:
    """Return plain data as lines like YAML's, with texts of several lines as blocks."""
    return list(_lines(value, ""))


def _lines(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key in _order(value):
            yield from _entry(f"{indent}{clean(str(key))}:", value[key], indent + _INDENT)
        return
    for each in value:
        if isinstance(each, Mapping) and each:
            first, *others = _lines(each, indent + _INDENT)
            yield f"{indent}- {first.lstrip()}"
            yield from others
        else:
            yield from _entry(f"{indent}-", each, indent + _INDENT)


def _entry(start: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, list | tuple) and not any(isinstance(each, _NESTED) for each in value):
        line = ", ".join(_scalar(each) for each in value)
        if len(line) <= _SHORT and "\n" not in line:
            yield f"{start} [{line}]"
            return
    if isinstance(value, Mapping | list | tuple) and value:
        yield start
        yield from _lines(value, indent)
    elif isinstance(value, str) and "\n" in value:
        yield f"{start} |"
        for line in value.split("\n"):
            yield f"{indent}{clean(line)}".rstrip()
    else:
        yield f"{start} {_scalar(value)}"


def _order(value: Mapping[str, Any]) -> list[str]:
    """Return the keys in an order that does not depend on who wrote them: names first."""
    first = ("name", "label", "kind")
    return sorted(value, key=lambda key: (key not in first, key))


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return clean(value) if value.strip() else repr(value)
    if isinstance(value, Mapping):
        return "{}"
    return str(value)


def diff_action(action: Action) -> list[str]:
    """Return the unified diff of what an action changes, without the two lines of file names."""
    before = write_lines(action.before) if action.before is not None else []
    after = write_lines(action.after) if action.after is not None else []
    if action.sets_secret and before == after:
        return []
    return diff_lines(before, after)


def diff_lines(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Return the unified diff of two texts, without the two lines of file names."""
    return list(difflib.unified_diff(before, after, lineterm="", n=_CONTEXT))[2:]


def title_of(action: Action) -> str:
    """Return an action in one line."""
    notes = []
    if action.adopts:
        notes.append("adopts it: it is there, and was not mystage's")
    if action.sets_secret:
        notes.append(f"sets its secret from {action.secret}")
    note = f"  ({'; '.join(notes)})" if notes else ""
    return f"{SIGNS[action.change]} {action.kind.title} {clean(action.identity)}{note}"


def summary_of(plan: Plan) -> str:
    """Return what a plan comes to."""
    add, change, destroy = (plan.count(each) for each in Change)
    return f"{add} to add, {change} to change, {destroy} to destroy"


def note_of(plan: Plan) -> str:
    """Return what else is written with a plan; "" for nothing."""
    if not plan.keeps_state:
        return ""
    return f"which channels and schedules are mystage's is kept in the dashboard {STATE_SLUG}"


def describe_plan(plan: Plan) -> dict[str, Any]:
    """Return a plan as data for programs."""
    return {
        "version": 1,
        "url": plan.url,
        "project": {"id": plan.project.id, "name": plan.project.name},
        "summary": {
            **{each.value: plan.count(each) for each in Change},
            "unchanged": plan.unchanged,
        },
        "note": note_of(plan),
        "actions": [
            {
                "change": action.change.value,
                "kind": action.kind.value,
                "identity": action.identity,
                "adopts": action.adopts,
                "sets_secret": action.sets_secret,
                "place": action.place,
                "diff": "\n".join(diff_action(action)),
            }
            for action in plan.actions
        ],
    }
