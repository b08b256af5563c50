"""The file of runs and deliveries: it excludes, and says what is wrong with it."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest
from alert_bench import MINUTE

from telemetry.emulator.alerting import Journal
from telemetry.errors import StoreUnavailable, StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alert_bench import Bench
    from alert_receiver import Receiver


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no database at all, but long enough to be one" * 100, "cannot be opened"),
        (None, "of another application"),
    ],
)
def test_a_file_that_is_not_ours_is_left_alone(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "alerts.db"
    if content is None:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE theirs (x)")
        connection.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()

    with pytest.raises(StoreUnusable, match=message):
        Journal(tmp_path)
    assert before == path.read_bytes()


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    with Journal(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / "alerts.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(StoreUnusable, match="has version 99, and this program reads version 1"):
        Journal(tmp_path)


@contextlib.contextmanager
def failing(bench: Bench, statement: str) -> Iterator[None]:
    """Let SQLite fail, as it does where the disk is full, at a statement on deliveries."""
    connection = bench.alerting._journal._file._connection
    connection.execute(
        f"CREATE TEMP TRIGGER full BEFORE {statement} ON deliveries"
        " BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
    )
    yield
    connection.execute("DROP TRIGGER full")


def test_a_run_and_its_messages_are_kept_together_or_not_at_all(
    bench: Bench, receiver: Receiver
) -> None:
    alert = bench.alert(bench.channel(receiver.url), notify_when="has_matches_changed")
    with failing(bench, "INSERT"):
        bench.minute("a")
        with pytest.raises(StoreUnavailable, match=r"alerts\.db cannot be read or written"):
            bench.alerting.run_now(alert)

    assert ([], [], []) == (bench.runs(alert), bench.deliveries(), receiver.bodies)
    [told] = bench.said
    assert told.startswith(f"A run of the alert {alert} could not be written down")
    # What could not be written down is not what the next run is compared with.
    bench.minute("a")
    assert 1 == len(bench.runs(alert)) == len(bench.deliveries()) == len(receiver.bodies)


def test_a_channel_rests_where_what_became_of_a_message_cannot_be_written_down(
    bench: Bench, receiver: Receiver
) -> None:
    bench.alert(bench.channel(receiver.url), notify_when="starts_having_matches")
    with failing(bench, "UPDATE"):
        bench.minute("a")
        bench.send()

    assert 1 == len(receiver.bodies)  # not again and again
    [told] = bench.said
    assert told.startswith("Nothing is sent to the channel")
    bench.now += MINUTE
    bench.send()
    assert (2, "delivered") == (len(receiver.bodies), bench.deliveries()[0]["state"])
