"""How values are written in pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from telemetry.elapsed import show_seconds
from telemetry.journeys import is_trace_id
from telemetry.preview.markdown import to_html
from telemetry.preview.pictures import show
from telemetry.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HEADING: Final = re.compile(r"(</?h)([1-6])(?=>)")
_ABOVE: Final = 3
"""Levels of headings above a panel's text: the page's, a group's, the panel's."""
_TRACE: Final = "trace_id"
"""The column of rows that lead to a trace."""


def show_time(moment: datetime | str | None) -> str:
    """Return a time to the second, in UTC; "-" for none."""
    if moment is None:
        return "-"
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def show_age(moment: datetime | str | None) -> str:
    """Return how long ago a time is, roughly; "-" for none."""
    if moment is None:
        return "-"
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return f"{show_seconds(max(timedelta(0), datetime.now(UTC) - moment).total_seconds())} ago"


def show_markdown(text: str, above: int = _ABOVE) -> Markup:
    """Return a text as HTML that can do nothing.

    Args:
        text: Markdown.
        above: How many levels of headings the page has above it.
    """
    html = _HEADING.sub(lambda match: f"{match[1]}{min(6, int(match[2]) + above)}", to_html(text))
    return Markup(html)  # noqa: S704 - what was written as HTML is escaped in it


def show_value(value: Any) -> str:
    """Return a value of a row, without what would confuse a reader, as characters for control."""
    return clean(show(value))


def leads_to_trace(name: str, value: Any) -> bool:
    """Say whether a value of a column is a trace that has a page."""
    return name == _TRACE and isinstance(value, str) and is_trace_id(value)


FILTERS: Final[Mapping[str, Callable[..., str]]] = {
    "age": show_age,
    "markdown": show_markdown,
    "seconds": show_seconds,
    "time": show_time,
    "value": show_value,
}
"""What templates write values with."""
