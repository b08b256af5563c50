"""Messages on their way: tried again, dropped, in order, and by hand."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from alert_bench import BACKOFF, MINUTE
from alert_receiver import SECRET, receiving

from telemetry.emulator.alerting.deliveries import MOST_WAITING
from telemetry.emulator.http.refusals import Refusal
from telemetry.emulator.management.channels import Channels
from telemetry.emulator.timestamps import write_timestamp

if TYPE_CHECKING:
    from alert_bench import Bench
    from alert_receiver import Receiver


def statuses(delivery: dict[str, Any]) -> list[int | None]:
    return [attempt["status"] for attempt in delivery["attempts"]]


def states(bench: Bench) -> list[str]:
    return [state for state, _ in bench.outcomes()]


def test_a_delivery_is_on_record_with_what_was_sent_and_answered(
    bench: Bench, receiver: Receiver
) -> None:
    channel = bench.channel(receiver.url)
    alert = bench.alert(channel, name="Busy")
    receiver.plan(201, body="taken\n")
    bench.minute("a")

    [delivery], [run] = bench.deliveries(), bench.runs(alert)
    assert {
        "id": delivery["id"],
        "alert_id": alert,
        "alert_name": "Busy",
        "run_id": run["id"],
        "channel_id": channel,
        "channel_label": "on call",
        "format": "raw-data",
        "url": receiver.masked,
        "state": "delivered",
        "reason": None,
        "attempts": [
            {"at": write_timestamp(bench.now), "status": 201, "answer": "taken", "error": None}
        ],
        "body": receiver.bodies[0],
        "created_at": write_timestamp(bench.now),
        "next_attempt_at": None,
    } == delivery


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 599])
def test_what_may_succeed_later_is_tried_again_later_and_later(
    bench: Bench, receiver: Receiver, status: int
) -> None:
    bench.alert(bench.channel(receiver.url), notify_when="has_matches_changed")
    receiver.plan(status, status)
    bench.minute("a")
    [delivery] = bench.deliveries()
    assert ("pending", "the last try failed", write_timestamp(bench.now + MINUTE)) == (
        *(delivery[key] for key in ("state", "reason", "next_attempt_at")),
    )

    bench.now += timedelta(seconds=59)
    bench.send()
    assert 1 == len(receiver.bodies)
    bench.now += timedelta(seconds=1)
    bench.send()
    assert write_timestamp(bench.now + 2 * MINUTE) == bench.deliveries()[0]["next_attempt_at"]
    bench.now += 2 * MINUTE
    bench.send()
    [delivery] = bench.deliveries()
    assert ("delivered", [status, status, 200]) == (delivery["state"], statuses(delivery))


def test_who_wants_to_be_left_alone_is(bench: Bench, receiver: Receiver) -> None:
    bench.alert(bench.channel(receiver.url))
    receiver.plan(429, Retry_After="1800")
    bench.minute("a")

    # And a little longer, so that not all come back at once.
    due = bench.now + timedelta(seconds=1800 + BACKOFF.first)
    assert write_timestamp(due) == bench.deliveries()[0]["next_attempt_at"]


def test_who_wants_to_be_left_alone_for_too_long_is_given_up(
    bench: Bench, receiver: Receiver
) -> None:
    bench.alert(bench.channel(receiver.url))
    receiver.plan(503, Retry_After="86400")
    bench.minute("a")

    assert [("failed", "the receiver wants to be left alone for 86400 s")] == bench.outcomes()


def test_it_is_given_up_in_the_end(bench: Bench, receiver: Receiver) -> None:
    bench.alert(bench.channel(receiver.url), notify_when="starts_having_matches")
    receiver.plan(*[500] * 10)
    bench.minute("a")
    for _ in range(10):
        bench.now += timedelta(hours=1)
        bench.send()

    assert [("failed", "given up after 4 tries")] == bench.outcomes()
    assert 4 == len(receiver.bodies) == len(bench.deliveries()[0]["attempts"])


@pytest.mark.parametrize("status", [300, 302, 307, 400, 401, 404, 410, 422])
def test_what_will_not_succeed_fails_at_once(bench: Bench, receiver: Receiver, status: int) -> None:
    with receiving() as elsewhere:
        bench.alert(bench.channel(receiver.url))
        receiver.plan(status, Location=elsewhere.url)
        bench.minute("a")

        assert [("failed", f"the receiver answers {status}")] == bench.outcomes()
        assert ([], 1) == (elsewhere.bodies, len(receiver.bodies))


def test_where_nothing_listens_it_is_tried_again(bench: Bench) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        bench.alert(bench.channel(f"http://127.0.0.1:{port}/{SECRET}"))
        bench.minute("a")

    [delivery] = bench.deliveries()
    assert ("pending", None, "nothing listens there") == (
        delivery["state"],
        delivery["attempts"][0]["status"],
        delivery["attempts"][0]["error"],
    )


def test_messages_of_a_channel_come_in_order(bench: Bench, receiver: Receiver) -> None:
    bench.alert(bench.channel(receiver.url))
    receiver.plan(500)
    for name in ("a", "b", "c"):
        bench.spans(name, ago=-30)
        bench.now += MINUTE
        bench.alerting.look()
        bench.alerting.settle()
    bench.send()
    assert [["a"]] == [[row["n"] for row in body["result"]] for body in receiver.bodies]

    bench.now += MINUTE
    bench.send()
    told = [body["result"][0]["n"] for body in receiver.bodies]
    assert ["a", "a", "b", "c"] == told


def test_a_slow_receiver_keeps_no_other_waiting(bench: Bench, receiver: Receiver) -> None:
    with receiving() as slow:
        slow.open.clear()
        bench.alert(bench.channel(slow.url), bench.channel(receiver.url))
        bench.spans("a", ago=-30)
        bench.now += MINUTE
        bench.alerting.look()
        bench.alerting.settle()
        bench.alerting.courier.look()

        assert slow.arrived.acquire(timeout=30)
        assert receiver.arrived.acquire(timeout=30)
        slow.open.set()
        assert bench.alerting.courier.settle(30)
    assert ["delivered", "delivered"] == states(bench)


def test_an_inactive_channel_is_told_nothing(bench: Bench, receiver: Receiver) -> None:
    channel = bench.channel(receiver.url)
    alert = bench.alert(channel)
    bench.change_channel(channel, active=False)
    bench.minute("a")

    assert ([], [("dropped", "the channel is inactive")]) == (receiver.bodies, bench.outcomes())
    [run] = bench.runs(alert)
    reason = "none of its channels can be told: its deliveries say why"
    assert (False, reason) == (run["notified"], run["reason"])


def test_a_channel_that_becomes_inactive_gets_nothing_that_was_waiting(
    bench: Bench, receiver: Receiver
) -> None:
    channel = bench.channel(receiver.url)
    bench.alert(channel)
    receiver.plan(500)
    bench.minute("a")
    bench.change_channel(channel, active=False)
    bench.now += MINUTE
    bench.send()

    assert [("dropped", "the channel is inactive")] == bench.outcomes()
    assert 1 == len(receiver.bodies)


def test_what_waited_for_a_channel_that_is_deleted_is_dropped(
    bench: Bench, receiver: Receiver
) -> None:
    channel = bench.channel(receiver.url)
    alert = bench.alert(channel)
    receiver.plan(500)
    bench.minute("a")
    bench.delete(alert)
    bench.management.delete(Channels(bench.management.addresses), None, channel)
    bench.now += MINUTE
    bench.send()

    assert [("dropped", "the channel was deleted")] == bench.outcomes()
    assert bench.management.addresses.find(channel) is None


def test_a_channel_that_is_no_webhook_cannot_be_told(bench: Bench, receiver: Receiver) -> None:
    alert = bench.alert(bench.channel(None), bench.channel(receiver.url))
    bench.minute("a")

    reason = "the emulator sends to webhooks only, and this is a channel of email"
    assert {("undeliverable", reason), ("delivered", None)} == set(bench.outcomes())
    assert bench.runs(alert)[0]["notified"] is True
    [undeliverable] = [each for each in bench.deliveries() if each["format"] is None]
    assert (None, None) == (undeliverable["url"], undeliverable["body"])


def test_after_a_restart_messages_wait_until_their_channel_is_written_again(
    bench: Bench, receiver: Receiver
) -> None:
    channel = bench.channel(receiver.url)
    alert = bench.alert(channel)
    receiver.plan(500)
    bench.minute("a")
    bench.restart()
    bench.tick()
    bench.minute("b")

    assert 1 == len(receiver.bodies)
    assert ["pending", "pending"] == states(bench)
    assert all("write the channel again" in str(reason) for _, reason in bench.outcomes())
    assert bench.runs(alert)[-1]["notified"] is True
    bench.change_channel(channel, label="another label")  # tells no address
    bench.send()
    assert 1 == len(receiver.bodies)
    config = {"type": "webhook", "format": "raw-data", "url": receiver.url}
    bench.change_channel(channel, config=config)
    bench.send()
    assert ["a", "a", "b"] == [body["result"][0]["n"] for body in receiver.bodies]
    assert [("delivered", None)] * 2 == bench.outcomes()


def test_a_change_of_a_channel_holds_for_what_waits(bench: Bench, receiver: Receiver) -> None:
    channel = bench.channel(receiver.url)
    bench.alert(channel)
    receiver.plan(500)
    bench.minute("a")
    with receiving() as other:
        config = {"type": "webhook", "format": "slack-legacy", "url": other.url}
        bench.change_channel(channel, config=config)
        bench.now += MINUTE
        bench.send()

        [delivery] = bench.deliveries()
        assert ("slack-legacy", other.masked) == (delivery["format"], delivery["url"])
        assert [delivery["body"]] == other.bodies
        assert "attachments" in delivery["body"]


def test_too_many_that_wait_give_way_to_the_newest(bench: Bench) -> None:
    alert = bench.alert(bench.channel("http://127.0.0.1:1/x"), query="SELECT 1 AS n")
    bench.restart()
    for _ in range(MOST_WAITING + 2):
        bench.alerting.run_now(alert)

    dropped = ("dropped", f"more than {MOST_WAITING} of this alert were waiting for the channel")
    assert [dropped] * 2 == bench.outcomes()[:2]
    assert MOST_WAITING == states(bench).count("pending")


def test_a_delivery_is_tried_again_by_hand_before_all_others_and_at_any_hour(
    bench: Bench, receiver: Receiver
) -> None:
    schedule = bench.schedule("20:00", "21:00")
    channel = bench.channel(receiver.url)
    bench.alert(channel, notify_when="starts_having_matches")
    receiver.plan(404, 500)
    bench.minute("a")
    bench.alert(channel, query="SELECT 'waits' AS n", notify_when="starts_having_matches")
    bench.minute()
    held = bench.alert(
        channel, schedule=schedule, query="SELECT 'held' AS n", notify_when="starts_having_matches"
    )
    bench.now += timedelta(seconds=30)
    bench.alerting.run_now(held)
    assert ["failed", "pending", "held"] == states(bench)

    for delivery in bench.deliveries()[::2]:
        shown = bench.alerting.retry(delivery["id"])
        assert ("pending", write_timestamp(bench.now)) == (
            shown["state"],
            shown["next_attempt_at"],
        )
    bench.send()
    assert ["delivered", "pending", "delivered"] == states(bench)
    assert [404, 200] == statuses(bench.deliveries()[0])


def test_what_was_delivered_is_not_tried_again(bench: Bench, receiver: Receiver) -> None:
    bench.alert(bench.channel(receiver.url))
    bench.minute("a")

    [delivery] = bench.deliveries()
    with pytest.raises(Refusal, match="it was delivered") as refused:
        bench.alerting.retry(delivery["id"])
    assert 409 == refused.value.status
    with pytest.raises(Refusal, match="there is no delivery") as refused:
        bench.alerting.retry(bench.project)
    assert 404 == refused.value.status
    assert 1 == len(receiver.bodies)
