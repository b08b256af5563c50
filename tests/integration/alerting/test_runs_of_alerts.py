"""Alerts that run on their schedule: when, over what, and what is kept of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from alert_bench import MINUTE, Bench

from telemetry.emulator.alerting.results import MOST_BYTES, MOST_ROWS
from telemetry.emulator.alerting.runs import KEPT_RUNS
from telemetry.emulator.engine import Engine, Limits
from telemetry.emulator.http.refusals import Refusal
from telemetry.emulator.timestamps import write_timestamp

if TYPE_CHECKING:
    from pathlib import Path

    from telemetry.emulator.store import Store


def times(bench: Bench, alert: str) -> list[datetime]:
    return [datetime.fromisoformat(run["at"]) for run in bench.runs(alert)]


def test_an_alert_runs_at_whole_multiples_of_its_frequency(bench: Bench) -> None:
    start = bench.now
    often, rarely = bench.alert(), bench.alert(frequency="PT5M")
    bench.now += timedelta(seconds=7)
    bench.tick()
    for _ in range(10):
        bench.now += MINUTE
        bench.tick()

    assert [start + n * MINUTE for n in range(1, 11)] == times(bench, often)
    assert [start + 5 * MINUTE, start + 10 * MINUTE] == times(bench, rarely)


def test_a_run_sees_its_window_and_waits_for_what_is_late(bench: Bench) -> None:
    end = bench.now
    alert = bench.alert(time_window="PT2M", watermark="PT90S", frequency="PT5M")
    for ago in (-90, -89, -209, -210, -211):
        bench.spans(f"{ago}", ago=ago)
    bench.tick()
    bench.now = end + 5 * MINUTE
    bench.tick()

    [run] = bench.runs(alert)
    assert write_timestamp(end + timedelta(seconds=90)) == run["window_start"]
    assert write_timestamp(end + timedelta(seconds=210)) == run["window_end"]
    assert ["-209", "-210"] == sorted(row["n"] for row in run["result"])


def test_now_is_the_end_of_the_window(bench: Bench) -> None:
    alert = bench.alert(query="SELECT now() AS n", watermark="PT30S")
    bench.minute()

    [run] = bench.runs(alert)
    assert [{"n": run["window_end"]}] == run["result"]


def test_only_rows_of_its_environments_are_seen(bench: Bench) -> None:
    prod = bench.alert(environments=["prod", "staging"])
    everything = bench.alert()
    bench.minute("a", environment="dev")
    bench.minute("b", environment="staging")
    bench.minute("c")

    assert ["clear", "matches", "clear"] == bench.states(prod)
    assert ["matches"] * 3 == bench.states(everything)


def test_an_alert_is_read_with_what_its_last_run_found(bench: Bench) -> None:
    alert = bench.alert()
    fields = ("last_run", "has_matches", "has_errors", "result", "result_length")

    def read() -> list[Any]:
        shown = bench.read(alert)
        return [shown[field] for field in fields]

    assert [None, False, False, None, 0] == read()
    bench.minute("a")
    assert [write_timestamp(bench.now), True, False, [{"n": "a"}], 1] == read()
    bench.minute()
    assert [write_timestamp(bench.now), False, False, [], 0] == read()


def test_a_run_that_fails_is_recorded_and_the_comparison_stays(bench: Bench) -> None:
    alert = bench.alert(notify_when="has_matches_changed")
    bench.minute("a")
    bench.change(alert, query="SELECT no_such_column FROM records")
    bench.minute("a")

    failed = bench.runs(alert)[-1]
    assert ("error", 0, [], False, "the run failed") == (
        *(failed[key] for key in ("state", "result_length", "result", "notified", "reason")),
    )
    assert "no_such_column" in failed["error"]
    shown = bench.read(alert)
    assert (True, True, [{"n": "a"}]) == (
        *(shown[key] for key in ("has_errors", "has_matches", "result")),
    )
    assert "error" == bench.alerting.describe(alert)["state"]

    bench.change(alert, query="SELECT span_name AS n FROM records")
    bench.minute("b")
    assert "notify_when is has_matches_changed" == bench.runs(alert)[-1]["reason"]
    assert bench.read(alert)["has_errors"] is False


def test_what_was_missed_while_nothing_ran_is_not_made_up_for(bench: Bench) -> None:
    alert = bench.alert()
    bench.minute()
    before = bench.now
    bench.now += timedelta(hours=3, seconds=20)
    bench.restart()
    bench.tick()
    assert [before] == times(bench, alert)

    bench.now += timedelta(seconds=40)
    bench.tick()
    assert [before, before + timedelta(hours=3, minutes=1)] == times(bench, alert)


def test_of_what_was_missed_between_two_looks_the_last_is_run(bench: Bench) -> None:
    alert = bench.alert()
    bench.tick()
    start = bench.now
    bench.now += timedelta(minutes=7, seconds=3)
    bench.tick()

    assert [start + 7 * MINUTE] == times(bench, alert)


def test_an_inactive_alert_does_not_run_until_it_is_active_again(bench: Bench) -> None:
    alert = bench.alert(active=False)
    bench.minute("a")
    bench.change(alert, active=True)
    bench.tick()
    assert [] == bench.runs(alert)

    bench.minute("a")
    bench.change(alert, active=False)
    bench.minute("a")
    assert ["matches"] == bench.states(alert)
    assert "inactive" == bench.alerting.describe(alert)["state"]
    assert bench.alerting.describe(alert)["next_run"] is None


def test_a_changed_alert_is_run_as_it_is_now(bench: Bench) -> None:
    alert = bench.alert(frequency="PT1H")
    bench.minute("a")
    bench.change(alert, frequency="PT1M", query="SELECT 'changed' AS n FROM records")
    bench.minute("b")

    assert [[{"n": "changed"}]] == [run["result"] for run in bench.runs(alert)]


def test_the_runs_of_a_deleted_alert_are_forgotten(bench: Bench) -> None:
    alert = bench.alert()
    bench.minute("a")
    bench.delete(alert)
    with pytest.raises(Refusal, match="there is no alert"):
        bench.runs(alert)
    bench.tick()

    with bench.alerting._journal.transaction() as entries:
        assert [] == entries.runs.list_newest(alert, limit=10)
        assert set() == entries.runs.alert_ids()


def test_every_alert_can_be_run_at_one_pace(bench: Bench) -> None:
    alert = bench.alert(frequency="PT24H", watermark="PT1M")
    bench.restart(every=timedelta(seconds=2))
    bench.tick()
    bench.spans("a")
    start = bench.now
    for _ in range(3):
        bench.now += timedelta(seconds=2)
        bench.tick()

    assert [start + timedelta(seconds=2 * n) for n in (1, 2, 3)] == times(bench, alert)
    # It waits for what is late no longer than that.
    assert write_timestamp(start) == bench.runs(alert)[0]["window_end"]
    assert ["matches"] * 3 == bench.states(alert)


def test_an_alert_is_run_by_hand_as_of_now_and_that_counts(bench: Bench) -> None:
    alert = bench.alert(notify_when="has_matches_changed")
    bench.now += timedelta(seconds=12)
    bench.spans("a", ago=1)
    run = bench.alerting.run_now(alert).show()

    assert (write_timestamp(bench.now), "matches") == (run["at"], run["state"])
    assert [run] == bench.runs(alert)
    assert write_timestamp(bench.now) == bench.read(alert)["last_run"]


def test_an_inactive_alert_or_none_cannot_be_run_by_hand(bench: Bench) -> None:
    with pytest.raises(Refusal, match="is inactive") as refused:
        bench.alerting.run_now(bench.alert(active=False))
    assert 409 == refused.value.status
    with pytest.raises(Refusal, match="there is no alert") as refused:
        bench.alerting.run_now(bench.project)
    assert 404 == refused.value.status


def test_a_few_rows_are_kept_and_all_are_counted(bench: Bench) -> None:
    many = bench.alert(query="SELECT value AS n FROM generate_series(1, 250)")
    wide = bench.alert(query="SELECT repeat('x', 30000) AS n FROM generate_series(1, 5)")
    bench.minute()

    [run] = bench.runs(many)
    assert (250, MOST_ROWS) == (run["result_length"], len(run["result"]))
    [run] = bench.runs(wide)
    assert (5, MOST_BYTES // 30_000) == (run["result_length"], len(run["result"]))


def test_the_newest_runs_are_kept(bench: Bench) -> None:
    alert = bench.alert()
    bench.minute()
    with bench.alerting._journal.transaction() as entries:
        [run] = entries.runs.list_newest(alert, limit=1)
        for number in range(KEPT_RUNS + 5):
            entries.runs.add(type(run)(**{**fields(run), "id": str(number)}))
        kept = entries.runs.list_newest(alert, limit=2 * KEPT_RUNS)

    assert kept is not None
    assert [str(number) for number in range(KEPT_RUNS + 4, 4, -1)] == [each.id for each in kept]


def fields(run: Any) -> dict[str, Any]:
    return {name: getattr(run, name) for name in run.__slots__}


def test_runs_are_listed_newest_first_and_page_by_page(bench: Bench) -> None:
    alert = bench.alert()
    for _ in range(5):
        bench.minute()
    everything = [run["id"] for run in bench.runs(alert)][::-1]

    def page(before: str | None) -> list[str]:
        found = bench.alerting.list_runs(alert, limit=2, before=before)
        return [run["id"] for run in found]

    assert everything[:2] == page(None)
    assert everything[2:4] == page(everything[1])
    assert [] == page(everything[-1])
    with pytest.raises(Refusal, match="has no run"):
        page(bench.project)


def test_runs_and_standing_outlive_a_restart(bench: Bench) -> None:
    alert = bench.alert(notify_when="starts_having_matches")
    bench.minute("a")
    bench.alerting.snooze(alert, bench.now + timedelta(hours=1))
    before = bench.runs(alert), bench.read(alert), bench.alerting.describe_all()
    bench.restart()

    assert before == (bench.runs(alert), bench.read(alert), bench.alerting.describe_all())
    bench.tick()
    bench.minute("a")
    assert "notify_when is starts_having_matches" == bench.runs(alert)[-1]["reason"]


def test_a_query_that_takes_too_long_is_an_error_and_others_run(
    tmp_path: Path, store: Store
) -> None:
    with Engine(store, Limits(seconds=3, concurrency=2)) as engine:
        bench = Bench(tmp_path, store, engine)
        slow = bench.alert(
            query="SELECT count(*) AS n FROM generate_series(1, 3000000) AS a(v)"
            " CROSS JOIN generate_series(1, 3000000) AS b(w) WHERE v + w < 0"
        )
        others = [bench.alert() for _ in range(3)]
        bench.minute("a")

        [run] = bench.runs(slow)
        assert ("error", True) == (run["state"], "took longer than 3 s" in run["error"])
        assert [["matches"]] * 3 == [bench.states(other) for other in others]
        bench.close()


def test_how_an_alert_stands(bench: Bench) -> None:
    alert = bench.alert(frequency="PT5M")
    start = bench.now

    def state() -> str:
        return str(bench.alerting.describe(alert)["state"])

    assert {
        "id": alert,
        "snoozed_until": None,
        "next_run": write_timestamp(start + 5 * MINUTE),
        "last_run": None,
        "state": "no data",
    } == bench.alerting.describe(alert)
    bench.change(alert, frequency="PT1M")
    bench.minute("a")
    assert "firing" == state()
    bench.alerting.snooze(alert, bench.now + MINUTE)
    assert "snoozed" == state()
    bench.minute()
    assert "ok" == state()
    assert [bench.alerting.describe(alert)] == bench.alerting.describe_all()
