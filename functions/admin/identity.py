"""Who asks, and what that one may do.

Behind Identity-Aware Proxy its signed header says it (``iap.py``), on a laptop whoever has the
token that was printed at the start is the operator (``local_login.py``). There is no third way in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final, Protocol

from functions.errors import AdminUnprotected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import HTTPConnection
    from starlette.routing import BaseRoute

_SEPARATOR: Final = re.compile(r"[\s,;]+")


class Role(IntEnum):
    """Say what somebody may do; a higher one may all that a lower one may."""

    VIEWER = 1
    OPERATOR = 2


@dataclass(frozen=True, slots=True)
class Visitor:
    """Hold who asks.

    Attributes:
        name: What the history of a failed task calls that one.
        role: What that one may do.
        session: What the tokens in that one's forms are tied to.
    """

    name: str
    role: Role
    session: str

    @property
    def may_act(self) -> bool:
        """Whether there are buttons for that one."""
        return self.role >= Role.OPERATOR


class Identity(Protocol):
    """Tell who asks.

    Attributes:
        hosts: The names the pages may be asked by; ``*`` for any.
        routes: Pages by which somebody comes in.
        hint: What to do for somebody who is not known.
    """

    @property
    def hosts(self) -> Sequence[str]: ...  # noqa: D102 - an attribute, see above

    @property
    def routes(self) -> Sequence[BaseRoute]: ...  # noqa: D102 - an attribute, see above

    @property
    def hint(self) -> str: ...  # noqa: D102 - an attribute, see above

    def identify(self, connection: HTTPConnection) -> Visitor:
        """Return who asks; it may block.

        Raises:
            Unidentified: Nothing proves it.
            NotPermitted: That one may not even look.
            IdentityUnavailable: What would prove it cannot be had now.
        """


@dataclass(frozen=True, slots=True)
class Roles:
    """Say who has which role.

    Attributes:
        operators: Emails, and domains with ``@`` before them, all in lower case.
        viewers: Likewise.
    """

    operators: frozenset[str]
    viewers: frozenset[str]

    @classmethod
    def read(cls, operators: str, viewers: str) -> Roles:
        """Read two lists, as settings have them.

        Raises:
            AdminUnprotected: Something in them is neither an email nor a domain, or both are empty.
        """
        roles = cls(_read_list(operators), _read_list(viewers))
        if not roles.operators | roles.viewers:
            raise AdminUnprotected(
                "nobody may use the admin pages: set MYSTAGE_ADMIN_OPERATORS to emails, or to"
                " domains as @example.com, and MYSTAGE_ADMIN_VIEWERS to those who only look"
            )
        return roles

    def find(self, email: str, hosted_domain: str) -> Role | None:
        """Return the role of an account; None for none.

        Args:
            email: Of the account.
            hosted_domain: The Google Workspace it belongs to; "" for none. The part of an email
                behind the @ proves no membership: private accounts have emails of any domain.
        """
        names = {email.casefold(), f"@{hosted_domain.casefold()}"} - {"", "@"}
        if names & self.operators:
            return Role.OPERATOR
        return Role.VIEWER if names & self.viewers else None


def _read_list(text: str) -> frozenset[str]:
    names = [each for each in _SEPARATOR.split(text.casefold()) if each]
    for each in names:
        if not re.fullmatch(r"[^@]*@[^@]+", each):
            raise AdminUnprotected(
                f"{each!r} says of nobody that they may use the admin pages: write an email, or a"
                " domain as @example.com"
            )
    return frozenset(names)
