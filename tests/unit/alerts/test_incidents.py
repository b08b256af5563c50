"""From runs to incidents: in order, late, and where Logfire does not tell of an end."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from incident_making import minute, read

from functions.alerts.incidents import INCIDENTS, MAX_EVENTS, Incident, record_run
from functions.pipeline import ON_ALERT, Pipeline
from functions.runtime.blobs import FolderBlobs
from functions.runtime.store import Order
from functions.runtime.store.sqlite import SqliteStore
from functions.runtime.work import UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Alerts:
    """Record runs as the webhook does, each in a batch of its own."""

    def __init__(self, store: SqliteStore, blobs: FolderBlobs) -> None:
        self.store = store
        self.blobs = blobs
        self.pipeline = Pipeline()

    def run(self, at: float, *, fires: bool = True, **fields: Any) -> list[str]:
        """Record a run, and return the incidents that Slack is told of."""
        name = f"run-{at}"
        work = UnitOfWork(
            pipeline=self.pipeline,
            stage=ON_ALERT,
            task_id=name,
            store=self.store,
            blobs=self.blobs,
            now=minute(600),
        )
        told = {"run_id": name, "evaluated_at": minute(at).isoformat(), "has_matches": fires}
        record_run(read(**told | fields), name, work)
        self.store.commit(work.writes)
        return [payload.incident_id for _, payload in work.decided()]  # type: ignore[attr-defined]

    def incidents(self) -> list[Incident]:
        found = self.store.query(INCIDENTS, order_by=[Order("opened_at")])
        return [Incident.from_document(document) for document in found]

    def spans(self) -> list[tuple[Any, Any, int]]:
        return [(each.opened_at, each.resolved_at, each.runs) for each in self.incidents()]


@pytest.fixture
def alerts(tmp_path: Path) -> Iterator[Alerts]:
    with closing(SqliteStore(tmp_path / "documents.db")) as store:
        yield Alerts(store, FolderBlobs(tmp_path / "blobs"))


def test_an_incident_lasts_from_the_first_match_until_the_alert_is_clear(alerts: Alerts) -> None:
    told = [
        alerts.run(0, had_matches=False),
        alerts.run(5, had_matches=True),
        alerts.run(10, fires=False),
    ]

    assert [(minute(0), minute(10), 2)] == alerts.spans()
    [incident] = alerts.incidents()
    assert [[incident.id]] * 3 == told
    assert incident.seen_clear


def test_the_next_match_after_that_is_another_incident(alerts: Alerts) -> None:
    for at, fires in ((0, True), (5, False), (10, True), (15, False)):
        alerts.run(at, fires=fires)

    assert [(minute(0), minute(5), 1), (minute(10), minute(15), 1)] == alerts.spans()


def test_alerts_have_incidents_of_their_own(alerts: Alerts) -> None:
    alerts.run(0)
    alerts.run(1, alert_id="a-2")
    alerts.run(2, fires=False)

    assert [(minute(0), minute(2), 1), (minute(1), None, 1)] == alerts.spans()


def test_an_alert_without_an_id_is_known_by_its_project_and_name(alerts: Alerts) -> None:
    for at, project in ((0, "p1"), (1, "p2"), (2, "p1")):
        alerts.run(at, alert_id=None, project_id=project)

    assert [2, 1] == [incident.runs for incident in alerts.incidents()]


def test_clear_without_an_incident_tells_nobody(alerts: Alerts) -> None:
    assert [] == alerts.run(0, fires=False)
    assert [] == alerts.run(5, fires=False)
    assert [] == alerts.spans()


def test_a_match_after_an_end_that_nobody_told_ends_the_incident_and_begins_another(
    alerts: Alerts,
) -> None:
    alerts.run(0, had_matches=False)
    alerts.run(5, had_matches=True)

    assert 2 == len(alerts.run(30, had_matches=False))

    assert [(minute(0), minute(30), 2), (minute(30), None, 1)] == alerts.spans()
    assert [False, True] == [incident.seen_clear for incident in alerts.incidents()]


def test_where_nobody_says_what_was_before_an_incident_goes_on(alerts: Alerts) -> None:
    alerts.run(0)
    alerts.run(5)

    assert [(minute(0), None, 2)] == alerts.spans()


def test_a_beginning_that_is_told_late_is_the_beginning(alerts: Alerts) -> None:
    alerts.run(5, had_matches=True)
    alerts.run(0, had_matches=False)

    [incident] = alerts.incidents()
    assert (minute(0), 2) == (incident.opened_at, incident.runs)
    assert ["run-0", "run-5"] == [event.run_id for event in incident.events]
    assert "run-5" == incident.latest.run_id


def test_an_end_that_is_told_before_the_beginning_ends_it(alerts: Alerts) -> None:
    alerts.run(5, fires=False)
    alerts.run(0)

    assert [(minute(0), minute(5), 1)] == alerts.spans()


def test_what_is_told_late_of_an_incident_that_is_over_changes_nothing(alerts: Alerts) -> None:
    alerts.run(0)
    alerts.run(10, fires=False)

    assert [] == alerts.run(5)
    assert [] == alerts.run(8, fires=False)
    assert [(minute(0), minute(10), 1)] == alerts.spans()


def test_an_end_that_is_told_late_does_not_end_the_next_incident(alerts: Alerts) -> None:
    alerts.run(0)
    alerts.run(20, had_matches=False)

    assert [] == alerts.run(10, fires=False)
    assert [(minute(0), minute(20), 1), (minute(20), None, 1)] == alerts.spans()


def test_a_run_that_failed_says_neither(alerts: Alerts) -> None:
    alerts.run(0)

    assert [] == alerts.run(5, fires=False, error="the query timed out")
    assert [(minute(0), None, 1)] == alerts.spans()


def test_a_time_to_come_counts_as_now(alerts: Alerts) -> None:
    alerts.run(0, evaluated_at="9999-01-01T00:00:00Z")

    assert [(minute(600), None, 1)] == alerts.spans()


def test_an_incident_keeps_its_first_run_and_the_latest_and_counts_the_others(
    alerts: Alerts,
) -> None:
    row = {f"column {number}": "\u4e16" * 500 for number in range(20)}
    for at in range(MAX_EVENTS + 5):
        alerts.run(at, result=[row] * 50, result_length=70)

    [incident] = alerts.incidents()
    assert (MAX_EVENTS + 5, MAX_EVENTS) == (incident.runs, len(incident.events))
    assert ["run-0", "run-6"] == [event.run_id for event in incident.events[:2]]
    assert ("run-24", 70) == (incident.latest.run_id, incident.latest.matches)
