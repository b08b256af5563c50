"""Plans as Markdown, for a comment on a pull request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from telemetry.sync.texts import diff_action, note_of, summary_of, title_of
from telemetry.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry.sync.pictures import PanelPictures, Picture, Pictures
    from telemetry.sync.plan import Action, Plan

MOST_CHARACTERS: Final = 60_000
"""GitHub takes 65,536 in a comment."""
_ROOM: Final = 300
"""Characters for the line that says what was left out."""
_MOST_DIFF: Final = 12_000
_MOST_ROWS: Final = 30
_MOST_CELL: Final = 150
"""Of a table of pictures, so that it stays smaller than the rest."""
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+!|~@-])")
_FENCE: Final = re.compile(r"`{3,}")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def write_markdown(
    plan: Plan,
    pictures: Pictures | None = None,
    folder: str = "",
) -> str:
    """Return a plan as Markdown: a summary, and the diff of each object, folded.

    It stays below what a comment may have; what is left out is counted.

    Args:
        plan: The plan.
        pictures: Of the panels of its dashboards, which stand below the diff.
        folder: Where they are, as seen from the Markdown.
    """
    head = (
        f"### mystage plan: {summary_of(plan)}\n\n"
        f"Project {_escape(plan.project.name)} at {_escape(plan.url)}"
    )
    if not plan.actions:
        return f"{head}: nothing to do.\n"
    note = note_of(plan)
    parts = [head + ".\n" + (f"\n{_escape(note)}.\n" if note else "")]
    length = len(parts[0])
    for number, action in enumerate(plan.actions):
        part = _section(action, _table((pictures or {}).get(action.key, ()), folder))
        if length + len(part) > MOST_CHARACTERS - _ROOM:
            left = len(plan.actions) - number
            parts.append(f"\n… and {left} more: see the whole plan with `mystage plan`.\n")
            break
        parts.append(part)
        length += len(part)
    return "".join(parts)


def _section(action: Action, table: str) -> str:
    diff = "\n".join(diff_action(action))
    if len(diff) > _MOST_DIFF:
        diff = diff[:_MOST_DIFF].rpartition("\n")[0] + "\n… the rest of it is left out"
    title = _escape(title_of(action)[:_ROOM])
    if not diff:
        return f"\n- {title}\n"
    # A fence that is longer than any in the text cannot be closed by it.
    longest = max((len(found) for found in _FENCE.findall(diff)), default=2)
    fence = "`" * (longest + 1)
    return (
        f"\n<details><summary>{title}</summary>\n\n{fence}diff\n{diff}\n{fence}\n\n{table}"
        "</details>\n"
    )


def _table(panels: Sequence[PanelPictures], folder: str) -> str:
    """Return pictures as a table, or why there are none; "" where no panel changes."""
    if not panels:
        return ""
    rows = [
        f"| {_escape(panel.title[:_MOST_CELL])} | {_show(panel.before, folder, 'before')}"
        f" | {_show(panel.after, folder, 'after')} |"
        for panel in panels[:_MOST_ROWS]
    ]
    if left := len(panels) - len(rows):
        rows.append(f"| … and {left} more | | |")
    return "\n".join(("| panel | before | after |", "| --- | --- | --- |", *rows)) + "\n\n"


def _show(picture: Picture, folder: str, side: str) -> str:
    if not picture.name:
        return _escape(picture.reason[:_MOST_CELL])
    return f"![{side}]({quote(f'{folder}/{picture.name}' if folder else picture.name)})"


def _escape(text: str) -> str:
    """Return a text that is shown as it is: no markup, no mention, no HTML."""
    text = clean(text).replace("\n", " ")
    text = "".join(_ENTITIES.get(character, character) for character in text)
    return _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", text)
