"""URLs: one spelling for each, and what of them may be shown."""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import IPv6Address
from urllib.parse import quote, urljoin, urlsplit

import idna

from functions.errors import SourceError
from functions.stages.fetching.addresses import parse_ipv4

# What RFC 9110 section 4.1 asks everybody to support at least.
MAX_URL_LENGTH = 8000
_MAX_SHOWN = 300

_DEFAULT_PORTS = {"http": 80, "https": 443}

# Where a request could be taken for another protocol's command: the list of the browsers,
# https://fetch.spec.whatwg.org/#port-blocking.
BLOCKED_PORTS = frozenset(
    {
        *(0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95),
        *(101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161),
        *(179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563),
        *(587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060),
        *(5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
    }
)
_MAX_PORT = 65535

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_NETLOC = re.compile(r"(?:\[(?P<ipv6>[^]]*)]|(?P<name>[^][:@]+))(?::(?P<port>[0-9]*))?")
# https://www.rfc-editor.org/rfc/rfc1123#section-2.1, and the underscore that some sites have.
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_MAX_NAME_LENGTH = 253

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
# https://www.rfc-editor.org/rfc/rfc3986#section-3.3 and 3.4
_PATH_SAFE = "!$&'()*+,;=:@/~%"
_QUERY_SAFE = _PATH_SAFE + "?"

_SCHEME = re.compile(r"[^:]*:/*")
_USERINFO = re.compile(r"(?<=//)[^/?#]*@")
# The four of https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/ (url.full) and
# what else names a secret. Too much hidden is no loss; too little is.
_SECRET_NAME = re.compile(
    r"token|secret|passw|pwd|key|auth|sig|session|sid|cred|jwt|code|otp", re.IGNORECASE
)
# Long, of digits and letters, in one piece: nobody typed it.
_OPAQUE = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9_.~=%-]{20,}")
_REDACTED = "REDACTED"


def normalise_url(text: str) -> str:
    """Bring an http or https URL into its one spelling (RFC 3986 section 6.2).

    Scheme and host in lower case, international names in ASCII, IPv4 addresses in four decimal
    numbers, no default port, no fragment, no dot segments, escapes only where needed.

    Args:
        text: A URL as somebody typed it or a server sent it: anything at all.

    Raises:
        SourceError: It is no such URL, carries credentials, or names a port of another protocol.
    """
    text = text.strip()
    if len(text) > MAX_URL_LENGTH:
        raise _refused(text, f"it is longer than {MAX_URL_LENGTH} characters")
    if _CONTROL.search(text):
        raise _refused(text, "it holds a control character or half a character")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _refused(text, "its host is malformed") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise _refused(text, "it does not start with http:// or https://")
    if "@" in parts.netloc:
        raise _refused(text, "it holds a user name or password, which would be stored and logged")
    try:
        host, port = _split_host(parts.netloc)
    except ValueError as error:
        raise _refused(text, str(error)) from None
    if port is not None and port in BLOCKED_PORTS:
        raise _refused(text, f"port {port} belongs to another protocol than HTTP")
    authority = host if port in {None, _DEFAULT_PORTS[parts.scheme]} else f"{host}:{port}"
    path = _without_dot_segments(_escape(parts.path, safe=_PATH_SAFE))
    query = f"?{_escape(parts.query, safe=_QUERY_SAFE)}" if parts.query else ""
    url = f"{parts.scheme}://{authority}{path}{query}"
    if len(url) > MAX_URL_LENGTH:
        raise _refused(text, f"it is longer than {MAX_URL_LENGTH} characters when escaped")
    return url


def join_url(base: str, reference: str) -> str:
    """Resolve a Location header against the URL that sent it.

    Args:
        base: A normalised URL.
        reference: The header as `http.client` reads it: bytes as Latin-1. UTF-8 is understood.

    Raises:
        SourceError: The result is no URL that may be fetched.
    """
    with suppress(UnicodeError):  # Latin-1 after all, or text already.
        reference = reference.encode("latin-1").decode("utf-8")
    if _CONTROL.search(reference):
        raise _refused(reference, "it holds a control character")
    try:
        joined = urljoin(base, reference.strip())
    except ValueError:
        raise _refused(reference, "its host is malformed") from None
    return normalise_url(joined)


def redact_url(url: str) -> str:
    """Make a URL fit for messages, logs and spans: printable, short and without secrets.

    Credentials and the values of query parameters that name or look like secrets become
    ``REDACTED``, as OpenTelemetry asks of ``url.full``.

    Args:
        url: Anything; it need not be a valid URL.
    """
    front, mark, query = url.partition("#")[0].partition("?")
    front = _USERINFO.sub(f"{_REDACTED}@", front)
    shown = front + mark + "&".join(_redact_parameter(each) for each in query.split("&"))
    shown = ascii(shown)[1:-1]
    return shown if len(shown) <= _MAX_SHOWN else f"{shown[:_MAX_SHOWN]}..."


def _redact_parameter(parameter: str) -> str:
    name, equals, value = parameter.partition("=")
    if not equals:
        return _REDACTED if _OPAQUE.fullmatch(name) else name
    secret = _SECRET_NAME.search(name) or _OPAQUE.fullmatch(value)
    return f"{name}={_REDACTED}" if secret else parameter


def _refused(text: str, why: str) -> SourceError:
    start = _SCHEME.match(text)
    if start is not None and "@" in text:
        # In a URL that could not be parsed, a password may reach further than it should.
        text = f"{start[0]}{_REDACTED}@{text.rpartition('@')[2]}"
    return SourceError(f"cannot fetch {redact_url(text) or '<empty>'}: {why}")


def _split_host(netloc: str) -> tuple[str, int | None]:
    match = _NETLOC.fullmatch(netloc)
    if match is None:
        raise ValueError("its host or port is missing or malformed")
    port = int(match["port"]) if match["port"] and len(match["port"]) <= len("65535") else None
    if (match["port"] and port is None) or (port or 0) > _MAX_PORT:
        raise ValueError(f"its port is not between 1 and {_MAX_PORT}")
    if match["ipv6"] is None:
        return _normalise_name(match["name"]), port
    if "%" in match["ipv6"]:
        raise ValueError("its IPv6 address has a zone, which means something on one machine only")
    try:
        return f"[{IPv6Address(match['ipv6'])}]", port
    except ValueError:
        raise ValueError("what stands in brackets is no IPv6 address") from None


def _normalise_name(host: str) -> str:
    if len(host) > _MAX_NAME_LENGTH:
        raise ValueError(f"its host is longer than {_MAX_NAME_LENGTH} characters")
    if not host.isascii():
        try:
            # Mapped as browsers do, then checked: https://www.unicode.org/reports/tr46/
            host = idna.encode(host, uts46=True).decode("ascii")
        except UnicodeError:
            raise ValueError("its host is no internationalised name") from None
    host = host.lower()
    address = parse_ipv4(host)
    if address is not None:
        return str(address)
    labels = host.removesuffix(".").split(".")
    if len(host) > _MAX_NAME_LENGTH or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("its host is no name that DNS knows")
    return host


def _escape(text: str, *, safe: str) -> str:
    text = _STRAY_PERCENT.sub("%25", text)
    return quote(_ESCAPE.sub(_tidy_escape, text), safe=safe)


def _tidy_escape(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if _UNRESERVED.fullmatch(character) else match[0].upper()


def _without_dot_segments(path: str) -> str:
    """Follow https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4."""
    segments = path.split("/")[1:]
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
