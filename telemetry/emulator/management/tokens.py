"""Read and write tokens: shown once, and kept nowhere."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, ClassVar, Final

from telemetry.emulator.management.bodies import Body, Content, Text
from telemetry.emulator.management.resources import Resource

if TYPE_CHECKING:
    from telemetry.emulator.management.rows import Row, Rows

_PREFIX: Final = "mystage"
"""Not as Logfire's own begin: what sees one of those sends to Logfire itself."""


class NewToken(Body):
    """Hold what makes a token."""

    description: Text | None = None


class Tokens(Resource):
    """Hand out tokens of one kind.

    They are not asked for: the emulator lets any token in, or the one it was started with.
    """

    creation = NewToken
    update_method = None
    purpose: ClassVar[str]

    def create(self, rows: Rows, given: Content) -> tuple[Row, Content]:
        """Keep that there is one, and return it with the token itself.

        Raises:
            Refusal: The body is no such body.
        """
        row, shown = super().create(rows, given)
        return row, shown | {"token": f"{_PREFIX}_{self.purpose}_{secrets.token_urlsafe(32)}"}


class ReadTokens(Tokens):
    """Hand out read tokens."""

    kind = "read token"
    collection = "read-tokens"
    purpose = "read"


class WriteTokens(Tokens):
    """Hand out write tokens."""

    kind = "write token"
    collection = "write-tokens"
    purpose = "write"
