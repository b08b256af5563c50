"""Deliveries on their way: each channel's in order, and no channel waits for another."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from telemetry.emulator.alerting.deliveries import Attempt
from telemetry.emulator.alerting.formats import AUTO, choose_format, write_body
from telemetry.emulator.alerting.posting import post
from telemetry.emulator.alerting.routing import UNKNOWN_ADDRESS, find_route
from telemetry.errors import StoreUnavailable
from telemetry.sync.waiting import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry.emulator.alerting.definitions import Channel
    from telemetry.emulator.alerting.deliveries import Delivery
    from telemetry.emulator.alerting.journal import Journal
    from telemetry.emulator.alerting.posting import Answer
    from telemetry.emulator.alerting.routing import Route
    from telemetry.emulator.management import Management

BACKOFF: Final = Backoff(attempts=10, first=3.0, most=768.0, longest=3600.0)
"""Ten tries within 12 to 25 minutes; who asks for more than an hour is not waited for."""

_MOST_CHANNELS: Final = 64
"""How many channels are sent to at a time."""

_PAUSE: Final = timedelta(minutes=1)
"""How long a channel rests where what became of a delivery could not be written down."""


class Courier:
    """Send what waits, a thread for each channel that something waits for.

    Args:
        journal: Where deliveries are written down.
        management: What keeps the channels and knows their addresses.
        clock: Returns the time.
        say: Called, from any thread, with what the user should know of.
        backoff: How often, and when, a delivery is tried.
    """

    def __init__(
        self,
        journal: Journal,
        management: Management,
        *,
        clock: Callable[[], datetime],
        say: Callable[[str], object],
        backoff: Backoff = BACKOFF,
    ) -> None:
        self._journal = journal
        self._management = management
        self._clock = clock
        self._say = say
        self._backoff = backoff
        self._idle = threading.Condition()
        self._busy: set[str] = set()
        self._resting: dict[str, datetime] = {}
        self._released: datetime | None = None
        self._stopped = threading.Event()

    def look(self) -> None:
        """Begin to send what is due.

        Raises:
            StoreUnavailable: The disk fails, or the file was closed.
        """
        now = self._clock()
        minute = now.replace(second=0, microsecond=0)
        if minute != self._released:  # hours begin at whole ones
            self._release(now)
            self._released = minute
        with self._journal.transaction() as entries:
            waiting = entries.deliveries.find_waiting()
        for channel_id, due in waiting.items():
            if due <= now and self._resting.get(channel_id, now) <= now:
                self._begin(channel_id)

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is being sent, and say whether it came to that.

        Args:
            seconds: How long at most.
        """
        with self._idle:
            return self._idle.wait_for(lambda: not self._busy, seconds)

    def stop(self, seconds: float) -> None:
        """Begin nothing more, and give what is being sent some time to end."""
        self._stopped.set()
        self.settle(seconds)

    def _release(self, now: datetime) -> None:
        """Let those go whose hours have begun, or who have none any more."""
        with self._journal.transaction() as entries:
            held = entries.deliveries.list_held()
        for delivery in held:
            route = self._find_route(delivery, now)
            if (route.verdict, route.due) != (delivery.state, delivery.next_attempt_at):
                self._divert(delivery, route)

    def _begin(self, channel_id: str) -> None:
        with self._idle:
            if (
                channel_id in self._busy
                or len(self._busy) >= _MOST_CHANNELS
                or self._stopped.is_set()
            ):
                return
            self._busy.add(channel_id)
        # Ends with the process: what it has not written down is sent again by the next one.
        threading.Thread(
            target=self._serve, args=(channel_id,), name="alert-courier", daemon=True
        ).start()

    def _serve(self, channel_id: str) -> None:
        try:
            while not self._stopped.is_set() and self._send_next(channel_id):
                pass
        except StoreUnavailable as error:
            if not self._stopped.is_set():
                self._rest(channel_id, str(error))
        except Exception as error:  # noqa: BLE001 - one channel's trouble is not the others'
            # Not its text: it may have the address in it.
            self._rest(channel_id, f"a bug of the emulator ({type(error).__name__})")
        finally:
            with self._idle:
                self._busy.discard(channel_id)
                self._idle.notify_all()

    def _rest(self, channel_id: str, reason: str) -> None:
        self._resting[channel_id] = self._clock() + _PAUSE
        self._say(f"Nothing is sent to the channel {channel_id} for a minute: {reason}")

    def _send_next(self, channel_id: str) -> bool:
        """Send the first that waits for a channel; say whether the next one may follow."""
        now = self._clock()
        with self._journal.transaction() as entries:
            delivery = entries.deliveries.find_first(channel_id)
        if delivery is None or delivery.next_attempt_at is None or delivery.next_attempt_at > now:
            return False
        route = self._find_route(delivery, now)
        if route.channel is None or route.verdict != "pending":
            self._divert(delivery, route)
            return True
        url = self._management.addresses.find(channel_id)
        if url is None:
            if delivery.reason != UNKNOWN_ADDRESS:
                self._save(replace(delivery, reason=UNKNOWN_ADDRESS))
            return False
        prepared = _prepare(delivery, route.channel, url)
        sent = self._conclude(prepared, post(url, prepared.body, now))
        self._save(sent)
        return sent.state != "pending"

    def _find_route(self, delivery: Delivery, now: datetime) -> Route:
        with self._management.transaction() as rows:
            return find_route(rows, delivery.channel_id, delivery.schedule_ids, now)

    def _conclude(self, delivery: Delivery, answer: Answer) -> Delivery:
        """Return a delivery as it is after an attempt."""
        now = self._clock()
        attempt = Attempt(at=now, status=answer.status, answer=answer.text, error=answer.error)
        tries = delivery.tries + 1
        tried = replace(
            delivery,
            attempts=(*delivery.attempts, attempt.show()),
            tries=tries,
            reason=None,
            next_attempt_at=None,
        )
        if answer.is_delivered:
            return replace(tried, state="delivered")
        if not answer.may_be_tried_again:
            return replace(tried, state="failed", reason=f"the receiver answers {answer.status}")
        seconds = self._backoff.seconds(tries, answer.retry_after)
        if seconds is None:
            reason = f"given up after {tries} tries"
            if tries < self._backoff.attempts:
                reason = f"the receiver wants to be left alone for {answer.retry_after:.0f} s"
            return replace(tried, state="failed", reason=reason)
        again = now + timedelta(seconds=seconds)
        return replace(tried, reason="the last try failed", next_attempt_at=again)

    def _divert(self, delivery: Delivery, route: Route) -> None:
        """Keep that a delivery is not to be sent now, or not only now any more.

        Not where somebody has decided otherwise meanwhile: tried it by hand, or held a newer one.
        """
        decided = replace(
            delivery, state=route.verdict, reason=route.reason, next_attempt_at=route.due
        )
        with self._journal.transaction() as entries:
            if entries.deliveries.find(delivery.id) == delivery:
                entries.deliveries.save(decided)

    def _save(self, delivery: Delivery) -> None:
        with self._journal.transaction() as entries:
            entries.deliveries.save(delivery)


def _prepare(delivery: Delivery, channel: Channel, url: str) -> Delivery:
    """Return a delivery as its channel wants it now."""
    format_ = choose_format(channel.format or AUTO, url)
    body = write_body(format_, delivery.notification)
    return replace(delivery, url=channel.url, format=format_, body=body)
