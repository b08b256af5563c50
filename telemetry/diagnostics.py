"""What the toolkit does about its own failures and about mistakes in its use.

A failure inside telemetry is logged once per kind and never reaches a handler. A mistake of the
calling code (an undeclared metric, a counter given NaN) is logged once too, except in strict mode,
where it is raised: ``telemetry.testing`` switches that on, and so does
``MYSTAGE_TELEMETRY_STRICT=1``.
"""

from __future__ import annotations

import contextlib
import logging
import os
from typing import TYPE_CHECKING, Final

from telemetry.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

logger = logging.getLogger("telemetry")

_MAX_KINDS: Final = 1_000
"""Kinds carry names from the calling code; this many are told apart before silence."""

_reported: set[str] = set()
_strict: bool = os.environ.get("MYSTAGE_TELEMETRY_STRICT", "").lower() in {"1", "true", "yes"}


def report(kind: str, consequence: str, error: BaseException | None = None) -> None:
    """Log an internal failure, once per kind, and never raise.

    Args:
        kind: What failed, in a few words; the same words are logged once in a process.
        consequence: What telemetry does without it.
        error: The cause, logged with its traceback.
    """
    if kind in _reported or len(_reported) >= _MAX_KINDS:
        return
    # First of all: the log may itself be exported as telemetry, and fail the same way again.
    _reported.add(kind)
    with contextlib.suppress(Exception):  # a log handler that fails has nowhere left to say so
        logger.warning(
            "%s: %s. Handlers are not affected; this is logged once.",
            kind,
            consequence,
            exc_info=error,
        )


def misused(error: Misuse) -> None:
    """Raise a mistake in strict mode, else log it once.

    Raises:
        Misuse: ``error`` itself, in strict mode.
    """
    if _strict:
        raise error
    if (kind := str(error)) not in _reported:
        report(kind, "dropped")


@contextlib.contextmanager
def strict(*, enabled: bool = True) -> Iterator[None]:
    """Raise mistakes within the block, and log every kind of failure anew."""
    global _strict  # noqa: PLW0603 - the mode is the process's
    before, reported = _strict, _reported.copy()
    _strict = enabled
    _reported.clear()
    try:
        yield
    finally:
        _strict = before
        _reported.clear()
        _reported.update(reported)


class Guard:
    """Keep failures of a block of telemetry from its surroundings; reusable, and cheap to enter.

    Whatever is an ``Exception`` is reported; ``KeyboardInterrupt`` and its like pass, and so does
    ``Misuse``, which exists in strict mode only.

    Args:
        kind: As in ``report``.
        consequence: As in ``report``.
    """

    __slots__ = ("_consequence", "_kind")

    def __init__(self, kind: str, consequence: str) -> None:
        self._kind = kind
        self._consequence = consequence

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception) or isinstance(error, Misuse):
            return False
        report(self._kind, self._consequence, error)
        return True
