"""Whether an alert or a panel does what a test expects: in words, what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from telemetry.alerting.matching import is_like, match
from telemetry.alerting.notifications import notifies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from telemetry.alerting.cases import Expectation, PanelExpectation
    from telemetry.alerting.evaluation import Answer
    from telemetry.definitions.alerts import Alert

    Row = Mapping[str, Any]

_TRACE: Final = "trace_id"


def judge_alert(
    expectation: Expectation,
    alert: Alert,
    before: Sequence[dict[str, Any]],
    rows: Sequence[dict[str, Any]],
    traces: Mapping[str, str],
) -> Iterator[str]:
    """Give what a run of an alert does not do.

    Args:
        expectation: What it is to do.
        alert: The alert.
        before: What the run before returned.
        rows: What this one returned.
        traces: The IDs of the traces that have names.
    """
    if expectation.fires != bool(rows):
        yield "it is to fire, and has no rows" if expectation.fires else "it fires, and should not"
        return
    if expectation.rows is not None:
        yield from _compare(_with_ids(expectation.rows, traces), rows)
    yield from _find(_with_ids(expectation.some_rows, traces), rows)
    told = notifies(alert.notify_when, before, rows)
    if expectation.notifies is not None and told != expectation.notifies:
        had = f"{len(before)} rows before, {len(rows)} now"
        yield (
            f"it is {'' if expectation.notifies else 'not '}to notify, and does"
            f"{'' if told else ' not'}: {alert.notify_when}, {had}"
        )


def judge_panel(
    expectation: PanelExpectation, answer: Answer, traces: Mapping[str, str]
) -> Iterator[str]:
    """Give what a panel does not show.

    Args:
        expectation: What it is to show.
        answer: What its query returned.
        traces: The IDs of the traces that have names.
    """
    columns, rows = answer
    if expectation.columns is not None and expectation.columns != columns:
        yield f"its columns are {', '.join(columns)}, not {', '.join(expectation.columns)}"
    if expectation.count is not None and expectation.count != len(rows):
        yield f"it has {len(rows)} rows, not {expectation.count}"
    if expectation.rows is not None:
        wanted = _with_ids(expectation.rows, traces)
        yield from (
            _compare_in_order(wanted, rows) if expectation.in_order else _compare(wanted, rows)
        )
    yield from _find(_with_ids(expectation.some_rows, traces), rows)


def _with_ids(rows: Sequence[Row], traces: Mapping[str, str]) -> list[Row]:
    """Return what is expected with the IDs of the traces that it calls by their names."""

    def put(row: Row) -> Row:
        name = row.get(_TRACE)
        return {**row, _TRACE: traces[name]} if isinstance(name, str) and name in traces else row

    return list(map(put, rows))


def _compare(wanted: Sequence[Row], rows: Sequence[Row]) -> Iterator[str]:
    missing, left = match(wanted, rows)
    for row in missing:
        yield f"no row has {_show(row)}"
    for row in left if not missing else ():
        yield f"a row was not expected: {_show(row)}"


def _compare_in_order(wanted: Sequence[Row], rows: Sequence[Row]) -> Iterator[str]:
    if len(wanted) != len(rows):
        yield f"it has {len(rows)} rows, not {len(wanted)}"
    for number, (one, row) in enumerate(zip(wanted, rows, strict=False), 1):
        if not is_like(row, one):
            yield f"row {number} has not {_show(one)}"


def _find(wanted: Sequence[Row], rows: Sequence[Row]) -> Iterator[str]:
    for row in match(wanted, rows)[0]:
        yield f"no row has {_show(row)}"


def _show(row: Row) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in row.items())
