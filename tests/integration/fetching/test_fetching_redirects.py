from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from functions.errors import PermanentError
from functions.stages.fetching import Fetched, FetchPolicy, fetch

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import RawServer, Visit

    Serve = Callable[..., RawServer]

_PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage"


def _redirect(location: str | None, status: int = 302) -> bytes:
    header = "" if location is None else f"Location: {location}\r\n"
    return f"HTTP/1.1 {status} Elsewhere\r\n{header}Content-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(serve: Serve, local: FetchPolicy, status: int) -> None:
    page = serve(_PAGE)
    middle = serve(_redirect(page.url, status))
    start = serve(_redirect(middle.url, status))

    fetched = fetch(start.url, policy=local)

    assert isinstance(fetched, Fetched)
    assert (page.url, (start.url, middle.url), page.url) == (
        fetched.url,
        fetched.redirects,
        fetched.validators.url,
    )


def test_a_relative_redirect_stays_on_the_host(serve: Serve, local: FetchPolicy) -> None:
    def script(visit: Visit) -> None:
        while request := visit.read_request():
            visit.send(_redirect("../b?c=d") if request.startswith(b"GET /a/ ") else _PAGE)

    server = serve(script)

    fetched = fetch(f"{server.url}a/", policy=local)

    assert f"{server.url}b?c=d" == fetched.url


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        (None, "without saying where"),  # no Location at all
        ("file:///etc/passwd", "does not start with http"),  # our own disk
        ("ftp://example.com/", "does not start with http"),  # another scheme
        ("javascript:alert(1)", "does not start with http"),  # no place
        ("//user:secret@example.com/", "user name or password"),  # credentials
        ("http://example.com:22/", "another protocol"),  # SSH
        ("http://[", "malformed"),  # no URL
        ("", "without saying where"),  # an empty one
    ],
)
def test_a_redirect_that_leads_nowhere_fails_for_good(
    serve: Serve, local: FetchPolicy, location: str | None, reason: str
) -> None:
    with pytest.raises(PermanentError, match=reason) as failure:
        fetch(serve(_redirect(location)).url, policy=local)

    assert "secret" not in str(failure.value)


def test_redirects_in_circles_fail_for_good(serve: Serve, local: FetchPolicy) -> None:
    def script(visit: Visit) -> None:
        while request := visit.read_request():
            visit.send(_redirect("/b" if request.startswith(b"GET / ") else "/"))

    server = serve(script)

    with pytest.raises(PermanentError, match="in circles"):
        fetch(server.url, policy=local)

    assert 2 == len(server.requests)


def test_too_many_redirects_fail_for_good(serve: Serve) -> None:
    def script(visit: Visit) -> None:
        while request := visit.read_request():
            visit.send(_redirect(f"/{len(request)}{visit.server.requests.index(request)}"))

    server = serve(script)

    with pytest.raises(PermanentError, match="more than 3 redirects"):
        fetch(server.url, policy=FetchPolicy(allow_private_addresses=True, max_redirects=3))

    assert 4 == len(server.requests)


def test_as_many_redirects_as_allowed_are_followed(serve: Serve) -> None:
    page = serve(_PAGE)
    start = serve(_redirect(page.url))

    fetched = fetch(start.url, policy=FetchPolicy(allow_private_addresses=True, max_redirects=1))

    assert (start.url,) == fetched.redirects
