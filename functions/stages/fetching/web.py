"""Pages over HTTP, redirects followed by hand."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import requests

from functions.errors import PermanentError, SourceError
from functions.stages.fetching.bodies import ACCEPTED_CODINGS, read_body
from functions.stages.fetching.connections import Allowance, adapter_for
from functions.stages.fetching.results import Fetched, NotModified, Validators
from functions.stages.fetching.urls import join_url, redact_url
from functions.stages.fetching.verdicts import is_dropped, named_failures, status_error

if TYPE_CHECKING:
    from functions.stages.fetching.policy import FetchPolicy

# https://www.rfc-editor.org/rfc/rfc9110#section-15.4; a GET stays a GET under each of them.
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_MODIFIED = 304
# With a page, with a page a proxy touched up, with an empty page.
_PAGES = frozenset({200, 203, 204})

_ACCEPT = (
    "text/html,application/xhtml+xml,application/ld+json,application/json;q=0.9,"
    "application/xml;q=0.8,*/*;q=0.1"
)
_MAX_CONTENT_TYPE_LENGTH = 200


def fetch_page(
    url: str, *, policy: FetchPolicy, validators: Validators | None
) -> Fetched | NotModified:
    """Get a page and follow its redirects; `fetch` describes the errors.

    Args:
        url: A normalised http or https URL.
        policy: The limits.
        validators: Sent to the URL they belong to, wherever in the chain of redirects it comes.
    """
    allowance = Allowance(policy)
    redirects: list[str] = []
    with allowance.in_force():
        while True:
            allowance.url = url
            known = validators if validators is not None and validators.url == url else None
            with closing(_request(allowance, known)) as response:
                if response.status_code not in _REDIRECTS:
                    return _outcome(response, allowance, known, tuple(redirects))
                redirects.append(url)
                url = _next_url(response, allowance, redirects)


def _request(allowance: Allowance, known: Validators | None) -> requests.Response:
    """Send one GET and read the answer's headers."""
    headers = {
        "Accept": _ACCEPT,
        "Accept-Encoding": ACCEPTED_CODINGS,
        "User-Agent": allowance.policy.user_agent,
        **(known.conditions() if known else {}),
    }
    request = requests.Request("GET", allowance.url, headers=headers).prepare()
    timeouts = (allowance.policy.connect_timeout, allowance.policy.read_timeout)
    send = partial(adapter_for(allowance.policy).send, request, stream=True, timeout=timeouts)
    allowance.has_connected = False
    with named_failures(allowance):
        try:
            return send()
        except requests.exceptions.ConnectionError as error:
            if allowance.has_connected or not is_dropped(error):
                raise
            # A kept connection that the server closed just now: nothing is known about the page.
            return send()


def _next_url(response: requests.Response, allowance: Allowance, visited: list[str]) -> str:
    """Say where a redirect leads.

    Raises:
        PermanentError: Nowhere, nowhere allowed, or in circles.
    """
    location = response.headers.get("Location", "")
    if not location:
        raise PermanentError(
            f"{allowance.what}: the server answered {response.status_code} without saying where "
            "the page went. Find its new address in a browser and correct the source"
        )
    try:
        url = join_url(allowance.url, location)
    except SourceError as error:
        raise PermanentError(
            f"{allowance.what}: the redirect is refused: {error}. "
            "Find the page's new address in a browser and correct the source"
        ) from None
    if url in visited:
        raise PermanentError(
            f"{allowance.what}: the redirects go in circles, back to {redact_url(url)}. Such a "
            "site may insist on cookies, which are not kept; correct the source, or remove it"
        )
    if len(visited) > allowance.policy.max_redirects:
        raise PermanentError(
            f"{redact_url(visited[0])}: more than {allowance.policy.max_redirects} redirects, the "
            f"last to {redact_url(url)}. Give the page's final address as the source"
        )
    return url


def _outcome(
    response: requests.Response,
    allowance: Allowance,
    known: Validators | None,
    redirects: tuple[str, ...],
) -> Fetched | NotModified:
    url = allowance.url
    fresh = Validators.of(url, response.headers)
    if response.status_code == _NOT_MODIFIED and known is not None:
        read_body(response, allowance)  # There is none; this gives the connection back.
        renewed = Validators(
            url, fresh.etag or known.etag, fresh.last_modified or known.last_modified
        )
        return NotModified(url, renewed, datetime.now(UTC), redirects)
    if response.status_code not in _PAGES:
        raise status_error(allowance, response.status_code, response.headers)
    return Fetched(
        url=url,
        status=response.status_code,
        content_type=_content_type(response),
        body=read_body(response, allowance),
        validators=fresh,
        fetched_at=datetime.now(UTC),
        redirects=redirects,
    )


def _content_type(response: requests.Response) -> str | None:
    value = response.headers.get("Content-Type", "").strip()[:_MAX_CONTENT_TYPE_LENGTH]
    return value if value and value.isascii() and value.isprintable() else None
