"""How values are written in pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from telemetry.elapsed import show_seconds
from telemetry.preview.markdown import to_html
from telemetry.preview.pictures import show
from telemetry.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HEADING: Final = re.compile(r"(</?h)([1-6])(?=>)")
_ABOVE: Final = 3
"""Levels of headings that a page has: its own, a group's, a panel's."""


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


def show_markdown(text: str) -> Markup:
    """Return the text of a panel as HTML that can do nothing, its headings below the panel's."""
    html = _HEADING.sub(lambda match: f"{match[1]}{min(6, int(match[2]) + _ABOVE)}", to_html(text))
    return Markup(html)  # noqa: S704 - what was written as HTML is escaped in it


def show_value(value: Any) -> str:
    """Return a value of a row, without what would confuse a reader, as characters for control."""
    return clean(show(value))


FILTERS: Final[Mapping[str, Callable[[Any], str]]] = {
    "age": show_age,
    "markdown": show_markdown,
    "seconds": show_seconds,
    "time": show_time,
    "value": show_value,
}
"""What templates write values with."""
