"""What the server and its decoding processes say to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telemetry.emulator.store import PreparedBatch


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """Ask for a body to be decoded.

    Attributes:
        signal: ``traces``, ``logs`` or ``metrics``.
        encoding: The body's ``Content-Encoding``.
        body: As it was sent.
        hot_keys: The attributes that have columns of their own, by table.
    """

    signal: str
    encoding: str
    body: bytes
    hot_keys: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Taken:
    """Hold what was in a body.

    Attributes:
        batch: The rows; None where there are none.
        rejected: How many items could not be stored.
        reason: Why.
    """

    batch: PreparedBatch | None
    rejected: int
    reason: str


@dataclass(frozen=True, slots=True)
class Declined:
    """Say why a body cannot be taken.

    Attributes:
        status: Of HTTP.
        message: What is wrong, and what to do.
    """

    status: int
    message: str
