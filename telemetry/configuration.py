"""Switch telemetry on: Logfire, configured the way the pipeline's services need it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from telemetry.attributes import clean_text
from telemetry.diagnostics import report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.metrics.export import MetricReader
    from opentelemetry.sdk.trace import SpanProcessor

_UNKNOWN_SERVICE: Final = "unknown_service"
"""https://opentelemetry.io/docs/specs/semconv/resource/#service"""

_DISTRIBUTION: Final = "mystage"

ANY_TOKEN: Final = "local"  # noqa: S105 - the Logfire emulator takes any

_lock: Final = threading.Lock()
_configured: dict[str, Any] | None = None
_service_name: str | None = None


def configure(  # noqa: PLR0913 - all but the first have a default
    service_name: str,
    service_version: str | None = None,
    environment: str | None = None,
    *,
    send_to_logfire: bool | Literal["if-token-present"] | None = None,
    token: str | None = None,
    base_url: str | None = None,
    console: bool = False,
    span_processors: Sequence[SpanProcessor] = (),
    metric_readers: Sequence[MetricReader] = (),
    distributed_tracing: bool = False,
) -> bool:
    """Configure Logfire for this process, once; the same arguments again change nothing.

    Never raises: if Logfire cannot be configured, that is logged once, telemetry stays off, and
    the function starts.

    Args:
        service_name: The service, as in ``functions/pipeline.py``.
        service_version: By default ``LOGFIRE_SERVICE_VERSION``, Cloud Run's ``K_REVISION``, or the
            installed version of this project; never a call to git.
        environment: By default ``MYSTAGE_ENVIRONMENT``, or ``LOGFIRE_ENVIRONMENT``.
        send_to_logfire: By default ``LOGFIRE_SEND_TO_LOGFIRE``, or ``if-token-present``.
        token: Write token; by default ``LOGFIRE_TOKEN``. An emulator on this machine is sent one
            all the same: there the address is all it takes.
        base_url: Where to send; by default ``LOGFIRE_BASE_URL``, or what the token's region says.
        console: Whether to print spans.
        span_processors: Further receivers of spans. Each works on a thread of its own behind a
            bounded queue: one that raises or hangs costs spans and never a handler.
        metric_readers: Further readers of metrics.
        distributed_tracing: Whether an incoming ``traceparent`` header is believed. Google's front
            end rewrites it, so by default only the ``ctx`` of a payload is.

    Returns:
        Whether Logfire is configured.
    """
    global _configured, _service_name  # noqa: PLW0603 - as Logfire, configured per process
    arguments = locals().copy()
    with _lock:
        if _configured == arguments:
            return True
        _service_name = clean_text(service_name)
        try:
            _configure_logfire(arguments)
        except Exception as error:  # noqa: BLE001 - bad settings must not stop a function's start
            report("configuring Logfire failed", "telemetry stays off", error)
            return False
        _configured = arguments
        return True


def _configure_logfire(arguments: dict[str, Any]) -> None:
    import logfire  # noqa: PLC0415 - most of a cold start; `import telemetry` does without

    from telemetry.processors import DetachedSpanProcessor  # noqa: PLC0415 - imports OTel's SDK

    send_to_logfire = arguments["send_to_logfire"]
    if send_to_logfire is None and not os.environ.get("LOGFIRE_SEND_TO_LOGFIRE"):
        send_to_logfire = "if-token-present"
    logfire.configure(
        service_name=arguments["service_name"],
        service_version=arguments["service_version"] or service_version(),
        environment=arguments["environment"] or os.environ.get("MYSTAGE_ENVIRONMENT"),
        send_to_logfire=send_to_logfire,
        token=arguments["token"] or _token_for_emulator(arguments["base_url"]),
        console=logfire.ConsoleOptions() if arguments["console"] else False,
        inspect_arguments=False,
        distributed_tracing=arguments["distributed_tracing"],
        additional_span_processors=[
            DetachedSpanProcessor(processor) for processor in arguments["span_processors"]
        ],
        metrics=logfire.MetricsOptions(additional_readers=arguments["metric_readers"]),
        advanced=logfire.AdvancedOptions(base_url=arguments["base_url"]),
    )


def _token_for_emulator(base_url: str | None) -> str | None:
    """Return a token for a server on this machine where none was given; None anywhere else."""
    if os.environ.get("LOGFIRE_TOKEN"):
        return None  # Logfire reads it itself
    host = urlsplit(base_url or os.environ.get("LOGFIRE_BASE_URL") or "").hostname
    return ANY_TOKEN if host in {"127.0.0.1", "localhost", "::1"} else None


def is_configured() -> bool:
    """Return whether ``configure`` has configured Logfire in this process."""
    return _configured is not None


def service_version() -> str:
    """Return which version of the service this is, without calling git as Logfire does."""
    for variable in ("LOGFIRE_SERVICE_VERSION", "K_REVISION"):
        if version := os.environ.get(variable):
            return version
    from importlib import metadata  # noqa: PLC0415 - reads the installation, at a start only

    try:
        return metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "unknown"


def service_name() -> str:
    """Return the service's name: what ``configure`` was told, or the environment says."""
    global _service_name  # noqa: PLW0603 - the process's
    if _service_name is None:
        _service_name = clean_text(
            os.environ.get("LOGFIRE_SERVICE_NAME")
            or os.environ.get("OTEL_SERVICE_NAME")
            or _UNKNOWN_SERVICE
        )
    return _service_name


def forget() -> None:
    """Forget what was configured, so that the next ``configure`` does all of it again."""
    global _configured, _service_name  # noqa: PLW0603 - as above
    with _lock:
        _configured = None
        _service_name = None
