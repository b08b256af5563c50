"""Tell Slack what it does not know yet of an incident, one call at a time.

What Slack was told is a document of its own, which only these tasks write, so that a run of the
alert never makes a task decide anew after it has called Slack.

A call cannot be part of a batch: a process that dies after Slack took a message and before the
commit leaves a message that nobody knows of, and the next attempt posts it again. How much can be
repeated is bounded. A task makes one call, commits what came of it, and leaves the rest to a task
that it sends on; the queue lets one task through at a time. So each attempt whose outcome was lost
repeats at most its one message, and an edit that is repeated shows nobody anything new.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from functions.alerts.incidents import INCIDENTS, Incident
from functions.alerts.messages import describe_incident, tell_of_end, tell_of_more_runs
from functions.alerts.slack import Place, Slack, connect
from functions.errors import PermanentError
from functions.runtime.handlers import stage_handler

if TYPE_CHECKING:
    from functions.alerts.payloads import PostIncident
    from functions.runtime.store import Document
    from functions.runtime.work import UnitOfWork

POSTINGS: Final = "incident_postings"
"""What Slack was told; the id is the incident's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """Hold what Slack was told of an incident.

    Attributes:
        channel: Where the root of the thread stands; "" where a webhook posted it.
        ts: Which message of the channel that is; "" where a webhook posted it.
        told_runs: How many runs the thread tells of.
        runs_ts: The reply that tells of them; "" as long as there is none.
        shows_end: Whether the root shows that the incident is over.
        told_end: Whether a message says so.
    """

    channel: str = ""
    ts: str = ""
    told_runs: int = 0
    runs_ts: str = ""
    shows_end: bool = False
    told_end: bool = False

    @property
    def root(self) -> Place:
        """The root of the thread."""
        return Place(self.channel, self.ts)

    def to_data(self) -> dict[str, Any]:
        """Return the content of its document."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Document) -> Posting:
        """Read it back."""
        return cls(**document.data)


class Step(Enum):
    """Say what Slack is to be told next: one call."""

    OPEN = auto()
    """The root, as the incident is now."""
    TELL_RUNS = auto()
    """That it goes on: one reply, which is edited from then on."""
    SHOW_END = auto()
    """The root, now that it is over."""
    TELL_END = auto()
    """That it is over: a reply, or without threads a message."""


def next_step(incident: Incident, posting: Posting | None, *, threads: bool) -> Step | None:
    """Return what Slack is to be told next of an incident; None where it knows all.

    Args:
        incident: As it is now.
        posting: What Slack was told; None for nothing.
        threads: Whether replies and edits are possible.
    """
    if posting is None:
        return Step.OPEN
    has_thread = threads and posting.ts != ""
    if incident.is_open:
        return Step.TELL_RUNS if has_thread and incident.runs > posting.told_runs else None
    if has_thread and not posting.shows_end:
        return Step.SHOW_END
    return None if posting.told_end else Step.TELL_END


@stage_handler("post_incident")
def post_incident(payload: PostIncident, work: UnitOfWork) -> None:
    """Make the next call to Slack that an incident needs, and ask for the one after it.

    Raises:
        PermanentError: There is no such incident, or Slack says no.
        RetryableError: Slack may take it another time.
    """
    found = work.get(INCIDENTS, payload.incident_id)
    if found is None:
        raise PermanentError(f"no incident {payload.incident_id!r}: was it deleted?")
    incident = Incident.from_document(found)
    document = work.get(POSTINGS, incident.id)
    posting = Posting.from_document(document) if document else None
    slack = connect(work.settings)
    step = next_step(incident, posting, threads=slack.threads)
    if step is None:
        return
    told = _take(step, incident, posting or Posting(), slack, work)
    if document is None:
        work.create(POSTINGS, incident.id, told.to_data())
    else:
        work.replace(document, told.to_data())
    if next_step(incident, told, threads=slack.threads) is not None:
        work.dispatch("post_incident", payload)


def _take(
    step: Step, incident: Incident, posting: Posting, slack: Slack, work: UnitOfWork
) -> Posting:
    match step:
        case Step.OPEN:
            place = slack.post(describe_incident(incident, work.settings))
            # One that is over by now says so by itself.
            over = not incident.is_open
            return Posting(
                channel=place.channel,
                ts=place.ts,
                told_runs=incident.runs,
                shows_end=over,
                told_end=over,
            )
        case Step.TELL_RUNS:
            message = tell_of_more_runs(incident)
            told = replace(posting, told_runs=incident.runs)
            if posting.runs_ts:
                slack.edit(Place(posting.channel, posting.runs_ts), message)
                return told
            return replace(told, runs_ts=slack.post(message, thread=posting.root).ts)
        case Step.SHOW_END:
            slack.edit(posting.root, describe_incident(incident, work.settings))
            return replace(posting, shows_end=True)
        case Step.TELL_END:
            if slack.threads and posting.ts:
                slack.post(tell_of_end(incident), thread=posting.root)
            else:
                slack.post(describe_incident(incident, work.settings))
            return replace(posting, told_end=True)
