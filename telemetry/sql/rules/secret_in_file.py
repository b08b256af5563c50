"""Secrets that are written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.definitions.places import Place
from telemetry.lint.rule import ProjectRule
from telemetry.lint.secrets import find_secrets
from telemetry.sql.pieces import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.findings import Finding
    from telemetry.lint.project import Project


class SecretInFile(ProjectRule):
    """A secret that is written down.

    Definitions are read by everybody who can read the repository, and its history forgets nothing.
    The secret itself is not repeated in the finding.

    Anti-pattern::

        url: https://hooks.slack.com/services/T000/B000/…

    Best practice::

        url: ${SLACK_WEBHOOK_URL}
    """

    code = "MS041"
    name = "definitions.secret"

    def check(self, project: Project) -> Iterator[Finding]:
        """Give each secret in the text of a file, be it YAML, JSON or SQL."""
        for file, text in project.texts.items():
            for secret in find_secrets(text):
                yield self.finding(
                    Place(file, *place_of(text, secret.start)),
                    f"this looks like {secret.kind}",
                    hint="Revoke it, and name a variable instead, as ${SLACK_WEBHOOK_URL}",
                )
