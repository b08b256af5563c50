"""Read request bodies within bounds: every byte of them is a stranger's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect

from telemetry.emulator.http.refusals import Refusal
from telemetry.emulator.intake.packing import MAX_BODY, too_large

if TYPE_CHECKING:
    from starlette.requests import Request

_PATIENCE: Final = 30.0
"""Seconds in which a body must have arrived."""


class MemoryBudget:
    """Bound the memory of all bodies that are being read or worked on.

    Args:
        total: Bytes.
    """

    def __init__(self, total: int) -> None:
        self._left = total

    def take(self, size: int) -> None:
        """Take some of it.

        Raises:
            Refusal: There is not so much left; the client is to come again.
        """
        if size > self._left:
            raise Refusal(503, "too much is being sent at once; send it again", retry_after=1)
        self._left -= size

    def give_back(self, size: int) -> None:
        """Give back what was taken."""
        self._left += size


async def read_body(request: Request, budget: MemoryBudget, *, limit: int = MAX_BODY) -> bytes:
    """Read a body; the caller gives its length back to the budget.

    Raises:
        Refusal: It is too long, too slow, or too much beside the others.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise Refusal(413, too_large(limit))
    body = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE):
            async for chunk in request.stream():
                budget.take(len(chunk))
                body += chunk
                _check_size(len(body), limit)
    except ClientDisconnect:
        budget.give_back(len(body))
        raise Refusal(400, "the client hung up") from None
    except TimeoutError:
        budget.give_back(len(body))
        raise Refusal(408, f"the body did not arrive within {_PATIENCE:.0f} s") from None
    except BaseException:
        budget.give_back(len(body))
        raise
    return bytes(body)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise Refusal(413, too_large(limit))
