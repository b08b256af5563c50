"""What Slack is told next, whatever it knows and whatever it can."""

from __future__ import annotations

import pytest
from incident_making import make_incident, minute

from functions.alerts.posting import Posting, Step, next_step

OPEN = make_incident(runs=1)
GOING_ON = make_incident(runs=3)
OVER = make_incident(runs=3, resolved_at=minute(9))
ROOT = {"channel": "C1", "ts": "1.000001"}


@pytest.mark.parametrize(
    ("incident", "posting", "threads", "step"),
    [
        (OPEN, None, True, Step.OPEN),
        (OPEN, None, False, Step.OPEN),
        (OVER, None, True, Step.OPEN),  # it is over before Slack heard of it: one message
        (OPEN, Posting(**ROOT, told_runs=1), True, None),
        (GOING_ON, Posting(**ROOT, told_runs=1), True, Step.TELL_RUNS),
        (GOING_ON, Posting(**ROOT, told_runs=3, runs_ts="2.000001"), True, None),
        (GOING_ON, Posting(told_runs=1), False, None),  # a webhook would only repeat itself
        (OVER, Posting(**ROOT, told_runs=1), True, Step.SHOW_END),
        (OVER, Posting(**ROOT, told_runs=1, shows_end=True), True, Step.TELL_END),
        (OVER, Posting(**ROOT, told_runs=1, shows_end=True, told_end=True), True, None),
        (OVER, Posting(told_runs=1), False, Step.TELL_END),
        (OVER, Posting(told_runs=1, told_end=True), False, None),
        # The bot came after the webhook, or went before it: there is no thread to write to.
        (OVER, Posting(told_runs=1), True, Step.TELL_END),
        (OVER, Posting(**ROOT, told_runs=1), False, Step.TELL_END),
        (OVER, Posting(**ROOT, told_runs=1, told_end=True), False, None),
    ],
)
def test_the_next_step(
    incident: object, posting: Posting | None, step: Step | None, *, threads: bool
) -> None:
    assert step == next_step(incident, posting, threads=threads)  # type: ignore[arg-type]
