"""Which runs are told: the four modes over several runs, snoozing, edits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from alert_bench import MINUTE, SQL

from telemetry.emulator.timestamps import write_timestamp

if TYPE_CHECKING:
    from alert_bench import Bench
    from alert_receiver import Receiver


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        # nothing, a, a, b, a and b, in the other order, nothing, nothing
        ("has_matches", [0, 1, 1, 1, 1, 1, 0, 0]),
        ("has_matches_changed", [0, 1, 0, 0, 0, 0, 1, 0]),
        ("starts_having_matches", [0, 1, 0, 0, 0, 0, 0, 0]),
        ("matches_changed", [0, 1, 0, 1, 1, 0, 1, 0]),
    ],
)
def test_a_mode_tells_these_runs(
    bench: Bench, receiver: Receiver, mode: str, told: list[int]
) -> None:
    alert = bench.alert(bench.channel(receiver.url), notify_when=mode)
    for spans in ((), ("a",), ("a",), ("b",), ("a", "b"), ("b", "a"), (), ()):
        bench.minute(*spans)

    assert [bool(each) for each in told] == [run["notified"] for run in bench.runs(alert)]
    assert sum(told) == len(receiver.bodies)
    assert {None if run["notified"] else f"notify_when is {mode}" for run in bench.runs(alert)} == {
        run["reason"] for run in bench.runs(alert)
    }
    assert ["delivered"] * sum(told) == [state for state, _ in bench.outcomes(alert)]


def test_the_raw_data_says_what_was_found(bench: Bench, receiver: Receiver) -> None:
    bench.restart(url="http://127.0.0.1:1/alerts/{alert_id}")
    channel = bench.channel(receiver.url)
    alert = bench.alert(
        channel, name="Busy", description="too much", notify_when="has_matches_changed"
    )
    bench.minute("a", "a")
    bench.minute()

    shown = bench.read(alert)
    first, second = bench.runs(alert)
    expected = {
        "type": "alert",
        "alert_id": alert,
        "alert_name": "Busy",
        "alert_description": "too much",
        "organization_id": shown["organization_id"],
        "project_id": bench.project,
        "project_name": "local",
        "alert_url": f"http://127.0.0.1:1/alerts/{alert}",
        "run_id": first["id"],
        "evaluated_at": first["at"],
        "window_start": first["window_start"],
        "window_end": first["window_end"],
        "has_matches": True,
        "had_matches": False,
        "notify_when": "has_matches_changed",
        "result_length": 2,
        "result": [{"n": "a"}, {"n": "a"}],
        "truncated": False,
        "error": None,
    }
    assert expected == receiver.bodies[0]
    assert receiver.bodies == [each["body"] for each in bench.deliveries(alert)]
    resolved = receiver.bodies[1]
    assert (second["id"], False, True, []) == (
        *(resolved[key] for key in ("run_id", "has_matches", "had_matches", "result")),
    )


def test_more_rows_than_are_sent_are_said_to_be_more(bench: Bench, receiver: Receiver) -> None:
    bench.alert(bench.channel(receiver.url), query="SELECT value AS n FROM generate_series(1, 101)")
    bench.minute()

    [body] = receiver.bodies
    assert (101, 100, True) == (body["result_length"], len(body["result"]), body["truncated"])


def test_a_snoozed_alert_runs_and_tells_nobody_until_it_wakes(
    bench: Bench, receiver: Receiver
) -> None:
    alert = bench.alert(bench.channel(receiver.url))
    until = bench.now + 2 * MINUTE + timedelta(seconds=30)
    assert until == bench.alerting.snooze(alert, until)
    for _ in range(4):
        bench.minute("a")

    reason = f"snoozed until {write_timestamp(until)}"
    assert [reason, reason, None, None] == [run["reason"] for run in bench.runs(alert)]
    assert 2 == len(receiver.bodies) == len(bench.deliveries(alert))


def test_what_changes_while_an_alert_is_snoozed_is_not_told_later(
    bench: Bench, receiver: Receiver
) -> None:
    alert = bench.alert(bench.channel(receiver.url), notify_when="has_matches_changed")
    bench.alerting.snooze(alert, bench.now + timedelta(days=1))
    bench.minute("a")
    bench.alerting.snooze(alert, None)
    bench.minute("a")
    assert [] == receiver.bodies

    bench.minute()
    assert [False] == receiver.told()


def test_a_deadline_that_has_passed_snoozes_nothing(bench: Bench) -> None:
    alert = bench.alert()

    assert bench.alerting.snooze(alert, bench.now) is None
    assert "no data" == bench.alerting.describe(alert)["state"]


def test_an_alert_without_a_channel_says_so(bench: Bench) -> None:
    alert = bench.alert()
    bench.minute("a")

    assert [(False, "it has no channel")] == [
        (run["notified"], run["reason"]) for run in bench.runs(alert)
    ]


def test_who_was_told_that_it_fires_is_told_when_a_changed_query_does_not(
    bench: Bench, receiver: Receiver
) -> None:
    alert = bench.alert(bench.channel(receiver.url), notify_when="has_matches_changed")
    bench.minute("a")
    bench.change(alert, query=f"{SQL} WHERE span_name = 'c'")
    bench.minute("a")

    assert [True, False] == receiver.told()


def test_an_edit_of_its_channels_holds_from_the_next_run_on(
    bench: Bench, receiver: Receiver
) -> None:
    alert = bench.alert()
    bench.minute("a")
    channel = bench.channel(receiver.url)
    bench.change(alert, channel_assignments=[{"channel_id": channel}])
    bench.minute("a")

    assert [False, True] == [run["notified"] for run in bench.runs(alert)]
    assert 1 == len(receiver.bodies)


def test_a_failed_run_is_told_to_nobody(bench: Bench, receiver: Receiver) -> None:
    bench.alert(bench.channel(receiver.url), query="SELECT nothing FROM records")
    bench.minute("a")

    assert ([], []) == (receiver.bodies, bench.deliveries())
