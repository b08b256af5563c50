"""Identity-Aware Proxy: its signed header says who asks.

Only ``x-goog-iap-jwt-assertion`` does: what stands in ``x-goog-authenticated-user-email`` is not
signed, and comes from anybody who gets around the proxy
(https://cloud.google.com/iap/docs/signed-headers-howto).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.admin.iap_keys import IapKeys
from functions.admin.identity import Roles, Visitor
from functions.errors import AdminUnprotected, NotPermitted, Unidentified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import HTTPConnection
    from starlette.routing import BaseRoute

    from functions.admin.settings import AdminSettings

HEADER: Final = "x-goog-iap-jwt-assertion"

_ISSUER: Final = "https://cloud.google.com/iap"
_ALGORITHM: Final = "ES256"
_LEEWAY: Final = 30
"""Seconds that clocks may differ."""

_MOST: Final = 8_192
"""Characters of a header: Google's have less than a thousand."""


class _Header(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    alg: str
    kid: str = Field(min_length=1, max_length=200)


class _Claims(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    iss: str
    sub: str = Field(min_length=1)
    email: str = Field(min_length=3)
    hd: str = ""


class IapIdentity:
    """Tell who asks by the header that Identity-Aware Proxy signs.

    Args:
        settings: Audience, keys and roles.

    Raises:
        AdminUnprotected: There is no audience, or nobody has a role.
    """

    hosts: Sequence[str] = ("*",)
    routes: Sequence[BaseRoute] = ()
    hint: str = "Come in through Identity-Aware Proxy, at the address that your team uses."

    def __init__(self, settings: AdminSettings) -> None:
        if not settings.iap_audience:
            raise AdminUnprotected(
                "the admin pages need MYSTAGE_ADMIN_IAP_AUDIENCE, which Identity-Aware Proxy shows"
                " as the audience of its signed header: without it, anybody could come in"
            )
        self._audience = settings.iap_audience
        self._roles = Roles.read(settings.operators, settings.viewers)
        self._keys = IapKeys(settings.iap_keys_url, timeout=settings.iap_timeout)

    def identify(self, connection: HTTPConnection) -> Visitor:
        """Return who asks.

        Raises:
            Unidentified: There is no header, or more than one, or it proves nothing.
            NotPermitted: The account has no role.
            IdentityUnavailable: The public keys cannot be had.
        """
        tokens = connection.headers.getlist(HEADER)
        if len(tokens) != 1:
            raise Unidentified("the request did not come through Identity-Aware Proxy")
        claims = self._verify(tokens[0])
        role = self._roles.find(claims.email, claims.hd)
        if role is None:
            raise NotPermitted(
                f"{claims.email} may not use these pages: ask for MYSTAGE_ADMIN_VIEWERS or"
                " MYSTAGE_ADMIN_OPERATORS to name the account"
            )
        return Visitor(name=claims.email, role=role, session=claims.sub)

    def _verify(self, token: str) -> _Claims:
        from google.auth import jwt  # noqa: PLC0415 - slow to import

        if len(token) > _MOST:
            raise Unidentified("the header of Identity-Aware Proxy is too long")
        try:
            header = _Header.model_validate(jwt.decode_header(token))  # type: ignore[no-untyped-call]
            # Before the key is looked for: what else may be named there is none of Google's.
            if header.alg != _ALGORITHM:
                raise Unidentified(f"the header of Identity-Aware Proxy is not {_ALGORITHM}")
            claims = _Claims.model_validate(
                jwt.decode(  # type: ignore[no-untyped-call]
                    token,
                    certs={header.kid: self._keys.find(header.kid)},
                    audience=self._audience,
                    clock_skew_in_seconds=_LEEWAY,
                )
            )
        # google-auth raises ValueError, and others where the token is no token at all.
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise Unidentified(f"the header of Identity-Aware Proxy: {_tell(error)}") from error
        if claims.iss != _ISSUER:
            raise Unidentified("the header of Identity-Aware Proxy is another issuer's")
        return claims


def _tell(error: Exception) -> str:
    if isinstance(error, ValidationError):
        faults = error.errors(include_url=False, include_input=False)
        return f"{'.'.join(map(str, faults[0]['loc'])) or 'token'} is not as it should be"
    # Others repeat what they were given.
    return "it is expired, of another audience, or not signed by Google"
