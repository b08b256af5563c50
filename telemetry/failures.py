"""How an exception is written onto a span."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Final

from opentelemetry.trace import Status, StatusCode

from telemetry import semconv
from telemetry.attributes import clean_text

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_UNPRINTABLE: Final = "(its text cannot be shown)"


def error_type(error: BaseException) -> str:
    """Name an exception's class, with its module unless built in.

    https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/#error-type
    """
    kind = type(error)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def record_failure(span: Span, error: BaseException, *, is_passing: bool = True) -> None:
    """Record an exception as one event, with status ERROR, which Logfire shows as level error.

    Text that cannot be exported or is too long is replaced, in the event and in the status: there,
    it would cost every span of the batch.

    Args:
        span: Of which the exception is the end.
        error: The exception.
        is_passing: Whether it is on its way through the caller. The caller's frame is then left out
            of the recorded traceback: it tells nobody anything, and Logfire groups failures by
            their tracebacks.
    """
    whole = error.__traceback__
    if is_passing and whole is not None and whole.tb_next is not None:
        error.__traceback__ = whole.tb_next
    try:
        _record(span, error)
    finally:
        error.__traceback__ = whole


def _record(span: Span, error: BaseException) -> None:
    message = _message(error)
    shown = clean_text(message)
    if message is _UNPRINTABLE:
        # The SDK and Logfire ask the exception for its text; this one has none to give.
        span.add_event(semconv.EXCEPTION, _facts(error, shown))
    elif shown == message:
        span.record_exception(error, escaped=True)
    else:
        span.record_exception(error, attributes=_facts(error, shown), escaped=True)
    if shown != message or not _has_error_status(span):
        # After the event: Logfire's span sets a status with it, of whatever text there is.
        span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {shown}"))


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - __str__ is the user's and may raise anything
        return _UNPRINTABLE


def _has_error_status(span: Span) -> bool:
    status = getattr(span, "status", None)
    return isinstance(status, Status) and status.status_code is StatusCode.ERROR


def _facts(error: BaseException, shown: str) -> dict[str, str]:
    return {
        semconv.EXCEPTION_TYPE: error_type(error),
        semconv.EXCEPTION_MESSAGE: shown,
        semconv.EXCEPTION_STACKTRACE: clean_text("".join(traceback.format_exception(error))),
    }
