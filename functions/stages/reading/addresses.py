"""Find the one address a page is known by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

from functions.stages.events import MAX_URL
from functions.stages.schema_org.text import web_address

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_TRACKING: Final = re.compile(
    r"(?:utm_[a-z_]+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|igshid|mc_cid|mc_eid|_ga"
    r"|_gl|_hsenc|_hsmi)(?:=|$)",
    re.IGNORECASE,
)
"""Parameters that say where a visitor came from, not what is shown."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_SAME_SITE_PREFIX: Final = re.compile(r"^(?:www|m|mobile|amp)\.")
_SAFE_IN_PATH: Final = "/%:@!$&'()*+,;=~-._"


def canonical_address(tree: HtmlElement, *, url: str, base_url: str) -> tuple[str, list[str]]:
    """Find where a page says it lives: ``<link rel=canonical>``, then ``og:url``.

    A page speaks for its own site only: an address elsewhere, or a site's front page given for a
    deeper page, would make one page of many. A page from a file may name any site.

    Returns:
        The address, normalised; the page's own one where it names none that is sane. And what was
        ignored, for people.
    """
    own = normalised_address(url)
    problems: list[str] = []
    for written in _claims(tree):
        claimed = web_address(written, base=base_url)
        if claimed is None:
            problems.append(f"canonical address {written[:200]!r} is no web address; ignored")
            continue
        claimed = normalised_address(claimed)
        fault = _fault(urlsplit(claimed), urlsplit(own))
        if fault is None:
            return claimed, problems
        problems.append(f"canonical address {claimed} {fault}; ignored")
    return own, problems


def base_address(tree: HtmlElement, *, url: str) -> str:
    """Find what a page's links are relative to: its first ``<base href>``, or its own address."""
    for base in tree.iter("base"):
        href = base.get("href")
        if href:
            return web_address(href, base=url) or url
    return url


def normalised_address(url: str) -> str:
    """Write an address so that equal ones look equal.

    Scheme and host in lower case, the host as browsers send it, no default port, no credentials,
    no fragment, no dots in the path, no tracking parameters, everything not allowed in a URL
    percent-encoded (https://www.rfc-editor.org/rfc/rfc3986#section-6). An address that cannot be
    taken apart comes back as it is, cut to 2,048 characters.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        return url.strip()[:MAX_URL].strip()
    if parts.scheme not in _DEFAULT_PORTS:
        return urlunsplit(parts._replace(fragment=""))[:MAX_URL].strip()
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        netloc = f"{netloc}:{port}"
    path = quote(_without_dots(parts.path) or "/", safe=_SAFE_IN_PATH, errors="replace")
    query = "&".join(
        quote(each, safe=_SAFE_IN_PATH + "?[]", errors="replace")
        for each in parts.query.split("&")
        if each and not _TRACKING.match(each)
    )
    return urlunsplit((parts.scheme, netloc, path, query, ""))[:MAX_URL]


def _claims(tree: HtmlElement) -> list[str]:
    links = [
        link.get("href") or ""
        for link in tree.iter("link")
        if "canonical" in (link.get("rel") or "").lower().split()
    ]
    metas = [
        meta.get("content") or ""
        for meta in tree.iter("meta")
        if (meta.get("property") or meta.get("name") or "").lower() == "og:url"
    ]
    return [each for each in (*links[:1], *metas[:1]) if each.strip()]


def _fault(claimed: SplitResult, own: SplitResult) -> str | None:
    if own.scheme not in _DEFAULT_PORTS:
        return None
    if not _same_site(claimed.netloc, own.netloc):
        return "is on another site"
    if claimed.path == "/" and not claimed.query and (own.path != "/" or own.query):
        return "is the site's front page"
    return None


def _same_site(one: str, other: str) -> bool:
    one, other = (_SAME_SITE_PREFIX.sub("", each) for each in (one, other))
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _host(host: str) -> str:
    host = host.lower().rstrip(".")
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _without_dots(path: str) -> str:
    """Resolve ``.`` and ``..`` (https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4)."""
    if "/." not in path:
        return path
    return urlsplit(urljoin("http://host/", path.lstrip("/"))).path
