"""Where messages lead is told nowhere, whatever receivers answer."""

from __future__ import annotations

import base64
import logging
from typing import TYPE_CHECKING

import pytest
from alert_bench import MINUTE
from alert_receiver import SECRET

if TYPE_CHECKING:
    from pathlib import Path

    from alert_bench import Bench
    from alert_receiver import Receiver


def states(bench: Bench) -> list[str]:
    return [state for state, _ in bench.outcomes()]


@pytest.mark.parametrize(
    "answer",
    [
        f"Cannot POST /hook/{SECRET}",
        f"no such hook: {SECRET[:12]}",
        SECRET.lower(),
        "x" * 495 + SECRET,
    ],
)
def test_an_answer_that_repeats_the_address_is_not_kept(
    bench: Bench, receiver: Receiver, answer: str
) -> None:
    bench.alert(bench.channel(receiver.url))
    receiver.plan(404, body=answer)
    bench.minute("a")

    [attempt] = bench.deliveries()[0]["attempts"]
    assert "(not kept: it repeats the address)" == attempt["answer"]


def test_of_an_answer_the_beginning_is_kept_without_control_characters(
    bench: Bench, receiver: Receiver
) -> None:
    bench.alert(bench.channel(receiver.url))
    receiver.plan(400, body="\x1b[31mno\x00 " + "x" * 100_000)
    bench.minute("a")

    [attempt] = bench.deliveries()[0]["attempts"]
    assert ("[31mno  " + "x" * 491) == attempt["answer"]


def test_the_address_is_in_no_file_and_in_nothing_that_is_said(
    bench: Bench, receiver: Receiver
) -> None:
    channel = bench.channel(receiver.url, "auto")
    bench.alert(channel)
    receiver.plan(500, 404, body=f"no {SECRET}")
    bench.minute("a")
    bench.now += MINUTE
    bench.send()
    bench.change_channel(channel, config={"type": "webhook", "url": f"http://127.0.0.1:1/{SECRET}"})
    bench.minute("a")

    assert ["failed", "pending"] == states(bench)
    told = f"{bench.deliveries()}{bench.said}{bench.management.addresses!r}"
    assert SECRET not in told
    files = [path for path in bench.folder.rglob("*") if path.is_file()]
    assert {"alerts.db", "alerts.db-wal", "management.db", "management.db-wal"} <= {
        path.name for path in files
    }
    assert [] == [path for path in files if SECRET.encode() in path.read_bytes()]


def test_a_login_in_an_address_is_sent_and_none_of_the_machines_is(
    bench: Bench, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    plain, with_login = receiver.url, receiver.url.replace("//", "//user:p%40ss@")
    bench.alert(bench.channel(plain))
    bench.alert(bench.channel(with_login))
    bench.minute("a")

    given = base64.b64encode(b"user:p@ss").decode()
    assert {None, f"Basic {given}"} == set(receiver.logins)
    assert {receiver.masked} == {delivery["url"] for delivery in bench.deliveries()}
    assert not any("p%40ss" in str(delivery) for delivery in bench.deliveries())


def test_the_address_is_not_logged_even_where_everything_is(
    bench: Bench, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bench.alert(bench.channel(receiver.url))
    # A header that is none makes urllib3 warn, with the address.
    receiver.plan(500, **{"Not a header": "x"})
    bench.minute("a")

    assert 1 == len(receiver.bodies)
    assert SECRET not in caplog.text
