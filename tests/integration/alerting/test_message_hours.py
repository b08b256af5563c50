"""Messages outside the hours of their schedule: the newest waits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from alert_bench import MINUTE

from telemetry.emulator.management.schedules import Schedules
from telemetry.emulator.timestamps import write_timestamp

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import pytest
    from alert_bench import Bench
    from alert_receiver import Receiver

    from telemetry.emulator.management.rows import Rows


def states(bench: Bench) -> list[str]:
    return [state for state, _ in bench.outcomes()]


def test_outside_its_hours_the_newest_is_held_until_they_begin(
    bench: Bench, receiver: Receiver
) -> None:
    schedule = bench.schedule("12:05", "12:30")  # the bench begins at noon
    alert = bench.alert(bench.channel(receiver.url), schedule=schedule)
    opening = bench.now + 5 * MINUTE
    for name in ("a", "b", "c"):
        bench.minute(name)

    held = f"outside the hours of its schedule, which begin at {write_timestamp(opening)}"
    newer = "a newer one came before the hours of its schedule began"
    assert [("dropped", newer), ("dropped", newer), ("held", held)] == bench.outcomes()
    assert write_timestamp(opening) == bench.deliveries()[-1]["next_attempt_at"]
    assert [True] * 3 == [run["notified"] for run in bench.runs(alert)]
    bench.minute()
    assert [] == receiver.bodies
    bench.minute()
    assert [[{"n": "c"}]] == [body["result"] for body in receiver.bodies]
    assert ("delivered", None) == bench.outcomes()[-1]


def test_a_schedule_that_opens_earlier_after_all_lets_go(bench: Bench, receiver: Receiver) -> None:
    schedule = bench.schedule("20:00", "21:00")
    bench.alert(bench.channel(receiver.url), schedule=schedule)
    bench.minute("a")
    assert ["held"] == states(bench)
    window = {"days": list(range(1, 8)), "start_time": "12:00", "end_time": "21:00"}
    bench.management.update(Schedules(), None, schedule, {"windows": [window]})
    bench.minute()

    assert ["delivered"] == states(bench)


def test_what_is_tried_again_after_its_hours_is_held(bench: Bench, receiver: Receiver) -> None:
    schedule = bench.schedule("12:00", "12:02")
    bench.alert(bench.channel(receiver.url), schedule=schedule)
    receiver.plan(500)
    bench.minute("a")
    bench.minute()

    assert (["held"], 1) == (states(bench), len(receiver.bodies))
    bench.now += timedelta(days=1) - 2 * MINUTE
    bench.send()
    assert (["delivered"], 2) == (states(bench), len(receiver.bodies))


def test_a_channel_assigned_twice_is_told_once_within_the_hours_of_either(
    bench: Bench, receiver: Receiver
) -> None:
    channel = bench.channel(receiver.url)
    closed, open_ = bench.schedule("20:00", "21:00"), bench.schedule("12:00", "13:00")
    both = [{"channel_id": channel, "schedule_id": each} for each in (closed, open_)]
    bench.alert(channel_assignments=both)
    bench.minute("a")

    assert 1 == len(receiver.bodies)


def test_what_is_tried_by_hand_while_its_hours_are_looked_at_is_sent(
    bench: Bench, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = bench.schedule("20:00", "21:00")
    bench.alert(bench.channel(receiver.url), schedule=schedule)
    bench.minute("a")
    window = {"days": list(range(1, 8)), "start_time": "19:00", "end_time": "21:00"}
    bench.management.update(Schedules(), None, schedule, {"windows": [window]})
    bench.now += MINUTE
    (held,) = bench.deliveries()
    look_up = bench.management.transaction

    def look_up_after_the_retry() -> AbstractContextManager[Rows]:
        monkeypatch.undo()
        bench.alerting.retry(held["id"])
        return look_up()

    monkeypatch.setattr(bench.management, "transaction", look_up_after_the_retry)
    bench.send()

    assert (["delivered"], 1) == (states(bench), len(receiver.bodies))
