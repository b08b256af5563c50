from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from backtest_history import NOW, EngineHistory

from telemetry.alerting.backtest import (
    MOST_RUNS,
    TooManyRunsError,
    evaluate,
    evaluate_one_by_one,
    times_of_runs,
)
from telemetry.alerting.evaluation import Conditions
from telemetry.errors import QueryError, QueryOutOfMemory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from telemetry.alerting.evaluation import Evaluator

MINUTE = timedelta(minutes=1)
TIMES = times_of_runs(MINUTE, NOW - 2 * timedelta(hours=1), NOW)


def conditions(sql: str) -> Conditions:
    return Conditions(sql=sql, window=5 * MINUTE, watermark=MINUTE)


def counts(rows: dict[datetime, list[dict[str, Any]]]) -> dict[datetime, int]:
    """Return how many rows each run has; those without are left out."""
    return {at: len(each) for at, each in rows.items() if each}


class FrugalHistory(EngineHistory):
    """Refuse queries over more than an hour, as an engine short of memory would."""

    def ask(
        self, sql: str, after: datetime, until: datetime, environments: Sequence[str]
    ) -> list[dict[str, Any]]:
        if until - after > timedelta(hours=1):
            raise QueryOutOfMemory("The query needs more memory than a query may take")
        return super().ask(sql, after, until, environments)


class PlainHistory(EngineHistory):
    """Refuse joins, as an engine would that knows less."""

    def ask(
        self, sql: str, after: datetime, until: datetime, environments: Sequence[str]
    ) -> list[dict[str, Any]]:
        if "JOIN" in sql:
            raise QueryError("joins are not known")
        return super().ask(sql, after, until, environments)


def test_what_is_no_one_pass_is_run_with_a_query_each(
    history: EngineHistory, evaluator: Evaluator
) -> None:
    asked = conditions(
        "WITH a AS (SELECT max(start_timestamp) AS t, count(*) AS n FROM records)"
        " SELECT n, now() AS now, current_date AS today FROM a"
        " WHERE t < now() - interval '1 minute'"
    )
    answers = evaluate(asked, MINUTE, TIMES, history)

    assert {at: evaluator.run(asked, at) for at in TIMES} == answers.rows
    assert ("it has a WITH", False, len(TIMES), len(TIMES)) == (
        answers.reason,
        answers.is_one_pass,
        answers.queries,
        history.announced,
    )


def test_one_pass_is_one_query(history: EngineHistory) -> None:
    answers = evaluate(
        conditions("SELECT span_name, count(*) FROM records GROUP BY 1"), MINUTE, TIMES, history
    )

    assert (1, 0) == (answers.queries, history.announced)


def test_runs_without_rows_take_one_query_more_where_time_does_not_matter(
    history: EngineHistory,
) -> None:
    answers = evaluate(
        conditions("SELECT count(*) FROM records HAVING count(*) = 0"), MINUTE, TIMES, history
    )

    assert 3 == answers.queries
    assert counts(answers.rows)


def test_answers_of_too_many_rows_are_asked_for_in_halves(
    history: EngineHistory, evaluator: Evaluator
) -> None:
    asked = conditions("SELECT span_id, level FROM records_all WHERE duration >= 0 OR true")
    times = times_of_runs(MINUTE / 6, NOW - 2 * timedelta(hours=1), NOW)
    answers = evaluate(asked, MINUTE / 6, times, history)

    assert answers.queries > 1
    assert [] == answers.cut
    some = times[::31]
    assert {at: len(evaluator.run(asked, at)) for at in some} == {
        at: len(answers.rows[at]) for at in some
    }


def test_stretches_that_take_too_much_memory_are_halved(evaluator: Evaluator) -> None:
    asked = conditions("SELECT span_name, count(*) FROM records GROUP BY 1")
    answers = evaluate(asked, MINUTE, TIMES, FrugalHistory(evaluator))

    assert answers.is_one_pass
    assert {at: len(rows) for at in TIMES if (rows := evaluator.run(asked, at))} == counts(
        answers.rows
    )


def test_what_the_engine_refuses_in_one_pass_is_run_with_a_query_each(
    evaluator: Evaluator,
) -> None:
    asked = conditions("SELECT span_name, count(*) FROM records GROUP BY 1")
    answers = evaluate(asked, MINUTE, TIMES, PlainHistory(evaluator))

    assert "the engine refuses it: joins are not known" == answers.reason
    assert {at: len(rows) for at in TIMES if (rows := evaluator.run(asked, at))} == counts(
        answers.rows
    )


def test_what_is_wrong_with_the_query_is_told_of_the_query_itself(history: EngineHistory) -> None:
    asked = conditions("SELECT span_name,\n  nope(duration) AS p FROM records")

    with pytest.raises(QueryError, match=r"nope.* at line 2, column 3"):
        evaluate(asked, MINUTE, TIMES, history)


def test_too_many_runs_with_a_query_each_are_refused(history: EngineHistory) -> None:
    times = times_of_runs(MINUTE, NOW - (MOST_RUNS + 1) * MINUTE, NOW)

    with pytest.raises(TooManyRunsError, match=r"each of 5,001 runs .* with --last"):
        evaluate_one_by_one(conditions("SELECT 1"), times, history)
    assert 0 == history.announced
