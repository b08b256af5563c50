"""Where a queue's tasks go: its routing override, laid over the URL of each task.

https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2#urioverride
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from functions.emulator.messages import UriOverride
from functions.errors import CallRefused

if TYPE_CHECKING:
    from functions.emulator.records import HttpCall

_SCHEMES = {
    UriOverride.HTTP: "http",
    UriOverride.HTTPS: "https",
}
_MAX_PORT = 65535
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+]")


def check_routing(queue: Any) -> None:
    """Refuse a ``Queue`` message whose routing this emulator cannot follow.

    Raises:
        CallRefused: INVALID_ARGUMENT: the override makes no URL; UNIMPLEMENTED: a setting this
            emulator has no part for.
    """
    http_target = queue.http_target
    for field, _ in http_target.ListFields():
        if field.name != "uri_override":
            raise CallRefused(
                "UNIMPLEMENTED",
                f"Queue.http_target.{field.name} is not implemented by this emulator: create the"
                " queue without it.",
            )
    override = http_target.uri_override
    if not 0 <= override.port <= _MAX_PORT:
        raise CallRefused("INVALID_ARGUMENT", "UriOverride.port is no port.")
    if override.host and not _HOST.fullmatch(override.host):
        raise CallRefused("INVALID_ARGUMENT", "UriOverride.host must be a host alone.")


def route(call: HttpCall, queue: Any) -> HttpCall:
    """Return a task's request as its queue has it sent.

    A task always has a URL of its own, so an override that is to apply only where there is none
    never does.

    Args:
        call: The task's request.
        queue: The ``Queue`` message.
    """
    if not queue.HasField("http_target"):
        return call
    override = queue.http_target.uri_override
    if override.uri_override_enforce_mode == UriOverride.IF_NOT_EXISTS:
        return call
    parts = urlsplit(call.url)
    own = parts.hostname or ""
    host = override.host or (f"[{own}]" if ":" in own else own)
    port = override.port if override.HasField("port") else parts.port
    parts = SplitResult(
        _SCHEMES.get(override.scheme, parts.scheme),
        f"{host}:{port}" if port else host,
        override.path_override.path or parts.path,
        override.query_override.query_params or parts.query,
        "",
    )
    return replace(call, url=parts.geturl())
