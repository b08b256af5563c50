"""What a page's address chooses of a dashboard: the time, the variables, how often it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from telemetry.definitions.durations import format_short, parse_duration
from telemetry.definitions.panels import ListVariable, TextVariable
from telemetry.preview.asking import Choice, chosen_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from starlette.datastructures import QueryParams

    from telemetry.definitions import Dashboard

QUICK: Final = ("15m", "1h", "6h", "24h", "7d", "30d")
REFRESHES: Final = (0, 5, 10, 30, 60)
"""Seconds; 0 for never."""
VARIABLE: Final = "var-"
"""What the names of variables begin with in the address."""

_LONGEST: Final = timedelta(days=3660)
_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Timestamps in nanoseconds end in 2262."""


@dataclass(frozen=True, slots=True)
class Control:
    """Describe a form's control of a variable.

    Attributes:
        name: In the address.
        label: In the form.
        values: What may be chosen; none for a text.
        multiple: Whether several may be.
        chosen: What is.
    """

    name: str
    label: str
    values: Sequence[str]
    multiple: bool
    chosen: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Hold what an address says, and what it should say better.

    Attributes:
        choice: What the queries are asked for.
        last: How far back, as ``24h``; "" for exact times.
        refresh: Seconds between two askings; 0 for never.
        refreshes: What may be chosen for that.
        controls: The variables.
        problems: What of the address could not be taken.
    """

    choice: Choice
    last: str
    refresh: int
    refreshes: Sequence[int]
    controls: Sequence[Control]
    problems: Sequence[str]

    def address(self, **instead: str) -> str:
        """Return the query of this choice.

        Args:
            instead: What to say in the place of a part; with ``last``, exact times are left out.
        """
        return urlencode({**self._parts(exact="last" not in instead), **instead}, doseq=True)

    @property
    def quick_ranges(self) -> Sequence[tuple[str, str]]:
        """The usual times, each with its query."""
        return [(each, self.address(last=each)) for each in QUICK]

    def _parts(self, *, exact: bool) -> dict[str, str | Sequence[str]]:
        parts: dict[str, str | Sequence[str]] = {}
        if self.last:
            parts["last"] = self.last
        elif exact:
            parts["from"] = write_time(self.choice.since)
            parts["to"] = write_time(self.choice.until)
        parts |= {VARIABLE + name: values for name, values in self.choice.variables.items()}
        return {**parts, "refresh": str(self.refresh)}


def read_choice(dashboard: Dashboard, query: QueryParams, now: datetime | None = None) -> Chosen:
    """Return what an address chooses; where it makes no sense, what the dashboard itself does.

    Args:
        dashboard: The dashboard.
        query: Of the address.
        now: When it is; None for the clock's time.
    """
    now = now or datetime.now(UTC)
    problems: list[str] = []
    since, until, last = _read_time(query, dashboard.duration, now, problems)
    declared = {each.name: each for each in dashboard.variables}
    for panel in dashboard.panels:
        declared |= {each.name: each for each in panel.variables if each.name not in declared}
    variables = _read_variables(declared.values(), query, problems)
    refreshes = sorted({*REFRESHES, dashboard.refresh})
    return Chosen(
        choice=Choice(since=since, until=until, variables=variables),
        last=last,
        refresh=_read_refresh(query.get("refresh", ""), refreshes, dashboard.refresh, problems),
        refreshes=refreshes,
        controls=_make_controls(declared.values(), variables),
        problems=problems,
    )


def write_time(moment: datetime) -> str:
    """Return a time as addresses and ``<input type="datetime-local">`` have it, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _read_time(
    query: QueryParams, usual: int, now: datetime, problems: list[str]
) -> tuple[datetime, datetime, str]:
    """Return since, until, and how far back that is, as ``24h``; "" for exact times."""
    try:
        if query.get("from") or query.get("to"):
            return *_parse_exact(query, now), ""
        last = query.get("last") or format_short(usual)
        return now - _parse_last(last), now, last
    except ValueError as error:
        problems.append(str(error))
        return now - timedelta(seconds=usual), now, format_short(usual)


def _parse_last(text: str) -> timedelta:
    seconds = parse_duration(text)
    if not 0 < seconds <= _LONGEST.total_seconds():
        raise ValueError(f"{text!r} is no time to look back: 1s to {_LONGEST.days}d are")
    return timedelta(seconds=seconds)


def _parse_exact(query: QueryParams, now: datetime) -> tuple[datetime, datetime]:
    if not query.get("from"):
        raise ValueError("a time that ends needs to begin, too")
    since = _parse_time(query["from"])
    until = _parse_time(query["to"]) if query.get("to") else now
    if since >= until:
        raise ValueError("the time ends before it begins")
    return since, until


def _parse_time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no time: write it as 2026-01-31T12:00") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not _FIRST <= moment <= _LAST:
        raise ValueError(f"{text!r} is no time of telemetry: it is before 2000 or after 2200")
    return moment


def _read_refresh(text: str, allowed: Sequence[int], usual: int, problems: list[str]) -> int:
    if not text:
        return usual
    known = {str(each): each for each in allowed}
    if text not in known:
        problems.append(f"refresh={text!r}: there are {', '.join(known)} seconds")
    return known.get(text, usual)


def _read_variables(
    declared: Iterable[TextVariable | ListVariable], query: QueryParams, problems: list[str]
) -> Mapping[str, Sequence[str]]:
    """Return the values that the address gives to variables; none where it leaves the defaults."""
    variables: dict[str, Sequence[str]] = {}
    for each in declared:
        given = query.getlist(VARIABLE + each.name)
        if isinstance(each, ListVariable):
            if unknown := [value for value in given if value not in each.values]:
                problems.append(f"{each.name} has no value {unknown[0]!r}")
            given = [value for value in given if value in each.values]
        if given:
            variables[each.name] = given
    return variables


def _make_controls(
    declared: Iterable[TextVariable | ListVariable], given: Mapping[str, Sequence[str]]
) -> list[Control]:
    declared = list(declared)
    chosen = chosen_values(declared, given)
    controls = []
    for each in declared:
        value = chosen[each.name]
        controls.append(
            Control(
                VARIABLE + each.name,
                each.label or each.name,
                each.values if isinstance(each, ListVariable) else (),
                isinstance(each, ListVariable) and each.multiple,
                [value] if isinstance(value, str) else value,
            )
        )
    return controls
