"""Names that nobody has to declare: those of OpenTelemetry and of Logfire's SDK."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

NAMESPACES: Final = frozenset(
    {
        "artifact", "aws", "azure", "browser", "cicd", "client", "cloud", "cloudevents", "code",
        "container", "cpu", "cpython", "db", "deployment", "destination", "device", "disk", "dns",
        "elasticsearch", "enduser", "error", "event", "exception", "faas", "feature_flag", "file",
        "gcp", "gen_ai", "geo", "graphql", "host", "http", "hw", "k8s", "log", "logfire",
        "messaging", "network", "openai", "operation", "os", "otel", "peer", "process", "profile",
        "rpc", "server", "service", "session", "source", "system", "telemetry", "test", "thread",
        "tls", "url", "user", "user_agent", "vcs",
    }
)  # fmt: skip
"""What the names of OpenTelemetry's attributes and metrics begin with, before the first dot.

https://opentelemetry.io/docs/specs/semconv/registry/attributes/
"""

_ALIKE: Final = 0.85
"""How alike two names are, of 1, for one to be meant where the other is written.

A name within a namespace is only believed where it is not nearly one that is declared.
"""
_SIMILAR: Final = 0.6


def is_known(name: str, declared: Collection[str]) -> bool:
    """Tell whether a name is declared, or is OpenTelemetry's and not one of ours misspelled."""
    if name in declared:
        return True
    namespace, dot, _ = name.partition(".")
    if not dot or namespace not in NAMESPACES:
        return False
    return not get_close_matches(name, declared, 1, _ALIKE)


def matches_any(pattern: str, declared: Collection[str]) -> bool:
    """Tell whether the pattern of a LIKE matches a declared name, or one within a namespace."""
    parts = re.split(r"([%_])", pattern)
    signs = {"%": ".*", "_": "."}
    regex = re.compile("".join(signs.get(part) or re.escape(part) for part in parts), re.IGNORECASE)
    if any(regex.fullmatch(name) for name in declared):
        return True
    return any(
        regex.match(f"{namespace}.") or pattern.startswith(f"{namespace}.")
        for namespace in NAMESPACES
    )


def nearest(name: str, declared: Collection[str]) -> str:
    """Return a hint that names what may be meant; "" where nothing is near."""
    found = get_close_matches(name, sorted(declared), 1, _SIMILAR)
    return f"Nearest: {found[0]}" if found else ""
