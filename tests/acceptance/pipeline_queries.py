"""The pipeline's own dashboards and alerts, and a way to ask their queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from telemetry.definitions import Dashboard, Purpose, all_queries, load_definitions, load_names
from telemetry.definitions.panels import ListVariable
from telemetry.sql.resolution import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry.definitions import Query

ROOT: Final = Path(__file__).parents[2]

DEFINITIONS: Final = load_definitions([ROOT / "dashboards", ROOT / "alerts"], load_names()).check()

QUERIES: Final = tuple(all_queries(DEFINITIONS))
PANELS: Final = tuple(each for each in QUERIES if each.purpose is Purpose.PANEL)
ALERTS: Final = {each.title: each for each in QUERIES if each.purpose is Purpose.ALERT}


@dataclass(frozen=True)
class Answer:
    """Hold the answer to a query.

    Attributes:
        types: Arrow's name of each column's type, without its parameters.
        rows: The rows.
    """

    types: dict[str, str]
    rows: list[dict[str, Any]]


def label(query: Query) -> str:
    """Return what to call a query in a test's name."""
    return f"{getattr(query.owner.model, 'slug', 'alert')}: {query.title}"


def panel(slug: str, title: str) -> Query:
    """Return the query of a panel."""
    (found,) = (each for each in PANELS if label(each) == f"{slug}: {title}")
    return found


def defaults(query: Query) -> dict[str, str | Sequence[str]]:
    """Return the values that a query's variables have when its dashboard is opened."""
    return {
        name: each.default or each.values[0] if isinstance(each, ListVariable) else each.default
        for name, each in query.variables.items()
    }


def duration_of(query: Query) -> timedelta:
    """Return how far back a query looks: an alert's window, a dashboard's duration."""
    model = query.owner.model
    seconds = model.duration if isinstance(model, Dashboard) else getattr(model, "window", 0)
    return timedelta(seconds=seconds)


def ask(url: str, sql: str, last: timedelta, *, environment: str | None = None) -> Answer:
    """Ask the query API."""
    answered = httpx.post(
        f"{url}/v2/query",
        headers={"Authorization": "Bearer any", "Accept": "application/json"},
        json={
            "sql": sql,
            "min_timestamp": (datetime.now(UTC) - last).isoformat(),
            "limit": 10_000,
            "deployment_environment": None if environment is None else [environment],
        },
        timeout=60,
    )
    assert 200 == answered.status_code, answered.text
    found = answered.json()
    return Answer(
        {
            each["name"]: kind if isinstance(kind := each["data_type"], str) else next(iter(kind))
            for each in found["schema"]["fields"]
        },
        found["data"],
    )


def ask_query(
    url: str,
    query: Query,
    variables: dict[str, str | Sequence[str]] | None = None,
    *,
    environment: str | None = None,
) -> Answer:
    """Ask a panel's or an alert's query as Logfire would: its time, its variables."""
    sql = render(query.sql, {**defaults(query), **(variables or {})}, "1 hour")
    return ask(url, sql, duration_of(query), environment=environment)
