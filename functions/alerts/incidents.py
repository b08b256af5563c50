"""Incidents: an alert from its first match until it is clear.

Each alert has a state, which knows its latest incident; runs of one alert that come at the same
time meet there, and the second is decided anew. Runs may come late and out of order, and under some
of its modes Logfire never tells that an alert is clear: then the next run that begins to match does
(https://logfire.pydantic.dev/docs/guides/web-ui/alerts/).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from functions.alerts.notifications import pack_rows, unpack_rows
from functions.alerts.payloads import PostIncident
from functions.stages.collections import hash_id

if TYPE_CHECKING:
    from datetime import datetime

    from functions.alerts.notifications import AlertNotification
    from functions.runtime.store import Document
    from functions.runtime.work import UnitOfWork

INCIDENTS: Final = "incidents"
ALERT_STATES: Final = "alert_states"

MAX_EVENTS: Final = 20
"""Runs an incident keeps: its first, and the latest ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Hold one run that had matches.

    Attributes:
        run_id: The run.
        at: When it ran.
        matches: How many rows it had.
        packed_rows: Some of them, as JSON.
    """

    run_id: str
    at: datetime
    matches: int
    packed_rows: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Some of the rows; values are scalars."""
        return unpack_rows(self.packed_rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Hold an incident.

    Attributes:
        id: Of its document.
        alert_key: Of the alert's state.
        alert_id: Logfire's id of the alert, or "".
        title: What the alert is called.
        description: What to do about it.
        project: Of Logfire, or "".
        opened_at: When it first matched.
        resolved_at: When it was clear; None while it is open.
        seen_clear: Whether a run told that it is clear. Otherwise the next match did, and it ended
            at some time between the last event and ``resolved_at``.
        runs: How many runs had matches, those included that are kept no more.
        events: The first, and the latest.
    """

    id: str
    alert_key: str
    alert_id: str
    title: str
    description: str
    project: str
    opened_at: datetime
    resolved_at: datetime | None = None
    seen_clear: bool = True
    runs: int = 0
    events: tuple[Event, ...] = field(default_factory=tuple)

    @property
    def is_open(self) -> bool:
        """Whether the alert still fires, for all that is known."""
        return self.resolved_at is None

    @property
    def latest(self) -> Event:
        """The latest run that had matches."""
        return self.events[-1]

    def with_event(self, event: Event) -> Incident:
        """Return it with one more run, wherever in time that belongs."""
        events = sorted((*self.events, event), key=lambda each: each.at)
        if len(events) > MAX_EVENTS:
            del events[1]
        opened_at = min(self.opened_at, event.at)
        return replace(self, runs=self.runs + 1, events=tuple(events), opened_at=opened_at)

    def to_data(self) -> dict[str, Any]:
        """Return the content of its document."""
        data = asdict(self)
        del data["id"]
        return data | {"events": [asdict(event) for event in self.events]}

    @classmethod
    def from_document(cls, document: Document) -> Incident:
        """Read it back."""
        events = tuple(Event(**event) for event in document.data["events"])
        return cls(id=document.id, **document.data | {"events": events})


def record_run(notification: AlertNotification, run_key: str, work: UnitOfWork) -> None:
    """Record what a run says: an incident begins, goes on or ends, or nothing is new.

    Args:
        notification: What the webhook told.
        run_key: Names the run among all of all alerts.
        work: Takes the incident, the alert's state, and the task that tells Slack.
    """
    if notification.error:
        return  # it neither fires nor is clear: nobody knows
    at = min(notification.evaluated_at or work.now, work.now)
    state_document = work.get(ALERT_STATES, notification.alert_key)
    state = state_document.data if state_document else {"incident_id": None, "cleared_at": None}
    known = work.get(INCIDENTS, state["incident_id"]) if state["incident_id"] else None
    latest = Incident.from_document(known) if known else None
    cleared_at = state["cleared_at"]
    if notification.fires:
        changed = _fire(notification, run_key, at, latest, cleared_at)
    else:
        changed = _clear(at, latest)
        cleared_at = at if cleared_at is None else max(at, cleared_at)
    for incident in changed:
        if known is not None and incident.id == known.id:
            work.replace(known, incident.to_data())
        else:
            work.create(INCIDENTS, incident.id, incident.to_data())
        work.dispatch(
            "post_incident", PostIncident(incident_id=incident.id), key=incident.id, new_trace=True
        )
    newest = changed[-1].id if changed else state["incident_id"]
    content = {"title": notification.title, "incident_id": newest, "cleared_at": cleared_at}
    if state_document is None:
        work.create(ALERT_STATES, notification.alert_key, content)
    elif content != state:
        work.replace(state_document, content)


def _fire(
    notification: AlertNotification,
    run_key: str,
    at: datetime,
    latest: Incident | None,
    cleared_at: datetime | None,
) -> list[Incident]:
    """Return the incidents that a run with matches changes or begins, the newest last."""
    event = Event(
        run_id=notification.run_id,
        at=at,
        matches=notification.matches,
        packed_rows=pack_rows(notification.result),
    )
    if latest is not None and latest.is_open:
        if notification.had_matches is not False or at <= latest.latest.at:
            return [latest.with_event(event)]
        # It has been clear in between, and nobody told.
        ended = replace(latest, resolved_at=at, seen_clear=False)
        return [ended, _open(notification, run_key, event)]
    if latest is not None and latest.resolved_at is not None and at <= latest.resolved_at:
        return []  # it comes late, and what it tells of is over
    incident = _open(notification, run_key, event)
    if cleared_at is not None and at <= cleared_at:
        return [replace(incident, resolved_at=cleared_at)]  # its end was told before its beginning
    return [incident]


def _clear(at: datetime, latest: Incident | None) -> list[Incident]:
    """Return the incident that a run without matches ends, if there is one."""
    if latest is None or not latest.is_open or at < latest.latest.at:
        return []
    return [replace(latest, resolved_at=at)]


def _open(notification: AlertNotification, run_key: str, event: Event) -> Incident:
    return Incident(
        id=hash_id("incident", run_key),
        alert_key=notification.alert_key,
        alert_id=notification.alert_id,
        title=notification.title,
        description=notification.alert_description,
        project=notification.project_name,
        opened_at=event.at,
        runs=1,
        events=(event,),
    )
