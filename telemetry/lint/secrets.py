"""Texts that look like secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS: Final = {
    "webhook": "the address of a webhook",
    "logfire": "a token of Logfire",
    "aws": "an access key of AWS",
    "google": "a key of Google",
    "github": "a token of GitHub",
    "slack": "a token of Slack",
    "private": "a private key",
    "login": "a password within an address",
    "assigned": "a password or key",
}

_SECRET: Final = re.compile(
    r"""
    (?P<webhook>https?://(?:hooks\.slack\.com/(?:services|workflows|triggers)/[^\s"'<>]+
        |(?:discord|discordapp)\.com/api/webhooks/[^\s"'<>]+
        |[\w.-]+\.webhook\.office\.com/[^\s"'<>]+)
        |hooks\.slack\.com/services/[^\s"'<>]+)
    | (?P<logfire>\bpylf_v\d+_[A-Za-z0-9_]{8,})
    | (?P<aws>(?-i:\b(?:AKIA|ASIA)[0-9A-Z]{16}\b))
    | (?P<google>(?-i:\bAIza[0-9A-Za-z_-]{35}))
    | (?P<github>\bgh[pousr]_[A-Za-z0-9]{20,})
    | (?P<slack>\bxox[abprs]-[A-Za-z0-9-]{10,})
    | (?P<private>-----BEGIN\ [A-Z ]*PRIVATE\ KEY-----[^-]*(?:-----END\ [A-Z ]*PRIVATE\ KEY-----)?)
    | ://[^\s/:@"'${}]+:(?P<login>[^\s/@"'${}]+)@
    | \b(?:password|passwd|pwd|secret|api[_-]?key|auth_key|routing_key|access_token|client_secret)
        ["']?\s*[:=]\s*["']?(?P<assigned>[^\s"',;()${}<>\[\]|]{6,})
    """,
    re.VERBOSE | re.IGNORECASE,
)


_MARKS: Final = (
    "hooks.slack.com", "/api/webhooks/", ".webhook.office.com", "pylf_v", "akia", "asia", "aiza",
    "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "xox", "private key", "://", "password", "passwd",
    "pwd", "secret", "api_key", "api-key", "apikey", "auth_key", "routing_key", "access_token",
)  # fmt: skip
"""Of each of them, something is in every secret: to look for these first is ten times as fast."""


@dataclass(frozen=True, slots=True)
class Secret:
    """Say where a secret is, and not what it is.

    Attributes:
        kind: What it looks like.
        start: Where it begins in the text.
        end: Where what follows begins.
    """

    kind: str
    start: int
    end: int


def find_secrets(text: str) -> Iterator[Secret]:
    """Give what looks like a secret in a text."""
    lowered = text.lower()
    if not any(mark in lowered for mark in _MARKS):
        return
    for match in _SECRET.finditer(text):
        name = match.lastgroup or ""
        yield Secret(_KINDS[name], match.start(name), match.end(name))


def masked(text: str) -> str:
    """Return a text with its secrets replaced, each by as many asterisks."""
    for secret in find_secrets(text):
        text = text[: secret.start] + "*" * (secret.end - secret.start) + text[secret.end :]
    return text
