"""Where webhooks really lead: known while the emulator is up, and written nowhere."""

from __future__ import annotations

import threading


class Addresses:
    """Remember the addresses of channels, in memory only; several threads may use it.

    After a restart none is known until its channel is written again: an address is a secret, and
    secrets are not kept.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}

    def __repr__(self) -> str:
        """Return a text without any of them."""
        return f"{type(self).__name__}()"

    def learn(self, channel_id: str, address: str) -> None:
        """Remember a channel's address."""
        with self._lock:
            self._known[channel_id] = address

    def forget(self, channel_id: str) -> None:
        """Forget a channel's address, if it is known."""
        with self._lock:
            self._known.pop(channel_id, None)

    def find(self, channel_id: str) -> str | None:
        """Return a channel's address; None if it is not known."""
        with self._lock:
            return self._known.get(channel_id)
