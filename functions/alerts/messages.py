"""What Slack is told of an incident, in blocks.

Foreign text stands in plain or escaped texts, and rows in a preformatted one, which Slack takes
literally.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urlsplit

from telemetry.slack.limits import MAX_HEADER, MAX_TEXT
from telemetry.slack.mrkdwn import date, escape, escape_inline, link, mark_up, write_plain
from telemetry.slack.tables import MAX_ROWS, draw_table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from functions.alerts.incidents import Event, Incident
    from functions.runtime.settings import Settings

_MAX_FALLBACK: Final = 300
_MAX_LINKS: Final = 3
"""Of one kind: the first rows' are enough to begin with."""

_FIRING: Final = "\N{LARGE RED CIRCLE} Firing"
_RESOLVED: Final = "\N{LARGE GREEN CIRCLE} Resolved"
_TRACE: Final = re.compile(r"[0-9a-f]{32}")
_STAGE: Final = re.compile(r"[a-z][a-z0-9_]{0,60}")
_ALERT: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True, slots=True)
class Message:
    """Hold a message.

    Attributes:
        text: What notifications show, and what cannot show blocks.
        blocks: What everybody else sees.
    """

    text: str
    blocks: list[dict[str, Any]]


def describe_incident(incident: Incident, settings: Settings) -> Message:
    """Return the message that stands for an incident, as it is now: the root of its thread."""
    state = _FIRING if incident.is_open else _RESOLVED
    header = escape(f"{state}: {incident.title}", MAX_HEADER)
    blocks: list[dict[str, Any]] = [{"type": "header", "text": write_plain(header)}]
    if description := escape(incident.description.strip(), MAX_TEXT, lines=True):
        blocks.append(_section(write_plain(description)))
    blocks.append({"type": "section", "fields": [mark_up(each) for each in _facts(incident)]})
    blocks += _draw_rows(incident.latest)
    links = " · ".join(_links(incident, settings))
    blocks.append(_section(mark_up(links)))
    return Message(escape(f"{state}: {incident.title}", _MAX_FALLBACK), blocks)


def tell_of_more_runs(incident: Incident) -> Message:
    """Return the reply that says that an incident goes on: one for all of its runs."""
    latest = incident.latest
    text = f"Still firing: {incident.runs} runs, the latest {date(latest.at)}"
    text += f" with {_count_matches(latest)}"
    return Message(
        f"Still firing: {incident.runs} runs", [_section(mark_up(text)), *_draw_rows(latest)]
    )


def tell_of_end(incident: Incident) -> Message:
    """Return the reply that says that an incident is over."""
    text = f"Resolved {_tell_length(incident)}, {_plural(incident.runs, 'run')} with matches."
    if not incident.seen_clear:
        text += " The alert does not tell when it is clear; it has begun to fire again since."
    return Message(escape(text, _MAX_FALLBACK), [_section(mark_up(text))])


def show_duration(duration: timedelta) -> str:
    """Return a duration in its two largest units: ``2 h 5 min``."""
    seconds = max(0, round(duration.total_seconds()))
    for position, (size, unit) in enumerate(_UNITS):
        if seconds >= size:
            text = f"{seconds // size} {unit}"
            for smaller, smaller_unit in _UNITS[position + 1 : position + 2]:
                if rest := seconds % size // smaller:
                    text += f" {rest} {smaller_unit}"
            return text
    return "0 s"


def _facts(incident: Incident) -> Iterable[str]:
    yield f"*Since*\n{date(incident.opened_at)}"
    if incident.resolved_at is None:
        yield f"*Matches*\n{incident.latest.matches}"
    else:
        yield f"*Resolved*\n{date(incident.resolved_at)}, {_tell_length(incident)}"
    if incident.project:
        yield f"*Project*\n{escape_inline(incident.project, 200)}"


def _tell_length(incident: Incident) -> str:
    if incident.resolved_at is None:
        raise ValueError(f"the incident {incident.id} is open")
    longest = show_duration(incident.resolved_at - incident.opened_at)
    if incident.seen_clear:
        return f"after {longest}"
    return f"after {show_duration(incident.latest.at - incident.opened_at)} to {longest}"


def _draw_rows(event: Event) -> Iterable[dict[str, Any]]:
    rows = event.rows
    table = draw_table(rows)
    if table:
        code = {
            "type": "rich_text_preformatted",
            "elements": [{"type": "text", "text": table}],
        }
        yield {"type": "rich_text", "elements": [code]}
    shown = min(len(rows), MAX_ROWS)
    if event.matches > shown:
        text = f"{shown} of {_count_matches(event)}"
        yield {"type": "context", "elements": [mark_up(text)]}


def _links(incident: Incident, settings: Settings) -> Iterable[str]:
    console = settings.console_url.rstrip("/")
    page = quote(incident.alert_id) if _ALERT.fullmatch(incident.alert_id) else ""
    yield link(f"{console}/alerts/{page}", "Alert")
    yield link(f"{console}/dashboards/", "Dashboards")
    rows = incident.latest.rows
    for trace_id in _find(rows, "trace_id", _TRACE):
        yield link(f"{console}/traces/{trace_id}", f"Trace {trace_id[:8]}")
    failed = settings.failed_tasks_page
    joint = "&" if urlsplit(failed).query else "?"
    for stage in _find(rows, "stage", _STAGE):
        yield link(f"{failed}{joint}{urlencode({'stage': stage})}", f"Failed tasks of {stage}")


def _find(rows: list[dict[str, Any]], column: str, form: re.Pattern[str]) -> list[str]:
    """Return the values of a column that are what they should be, each once."""
    values = (row.get(column) for row in rows)
    found = dict.fromkeys(each for each in values if isinstance(each, str) and form.fullmatch(each))
    return list(found)[:_MAX_LINKS]


def _count_matches(event: Event) -> str:
    return _plural(event.matches, "match", "matches")


def _plural(amount: int, singular: str, plural: str = "") -> str:
    return f"{amount:,} {singular if amount == 1 else plural or singular + 's'}"


def _section(text: dict[str, Any]) -> dict[str, Any]:
    return {"type": "section", "text": text}
