"""Pages from disk, for local runs."""

from __future__ import annotations

import errno
import os
import stat
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

from functions.errors import PermanentError, RetryableError, SourceError
from functions.stages.fetching.results import Fetched, NotModified, Validators
from functions.stages.fetching.urls import redact_url

if TYPE_CHECKING:
    from functions.stages.fetching.policy import FetchPolicy

FILE_SCHEME = "file:"

# What the next attempt meets again.
_LASTING = frozenset(
    {errno.EACCES, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR, errno.EPERM}
)

# What a page may be called, and what its content then is.
PAGE_TYPES = {
    ".htm": "text/html",
    ".html": "text/html",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".xhtml": "application/xhtml+xml",
}


def file_url(path: Path) -> str:
    """Spell a path as a URL (RFC 8089); bytes that are no UTF-8 survive.

    Args:
        path: Need not exist. A relative one counts from the working directory.
    """
    return Path(os.path.abspath(path)).as_uri()  # noqa: PTH100 - keeps links as they were named


def file_path(url: str) -> Path:
    """Read the path out of a ``file:`` URL.

    Raises:
        SourceError: The URL names another machine, no absolute path, or an impossible one.
    """
    try:
        parts = urlsplit(url)
        raw = unquote_to_bytes(parts.path)
    except ValueError:
        raise _impossible(url, "it is malformed") from None
    if parts.netloc not in {"", "localhost"}:
        raise _impossible(url, "it names a file of another machine")
    if parts.query or parts.fragment:
        raise _impossible(url, "? has to be written as %3F, and # as %23")
    if not raw.startswith(b"/") or b"\0" in raw:
        raise _impossible(url, "it names no absolute path")
    return Path(os.fsdecode(raw))


def fetch_file(
    url: str, *, policy: FetchPolicy, validators: Validators | None
) -> Fetched | NotModified:
    """Read a page from disk; `fetch` describes the errors.

    Args:
        url: A ``file:`` URL.
        policy: Its ``file_roots`` and ``max_bytes`` hold.
        validators: Of an earlier read: modification time and size stand in for an ETag.
    """
    try:
        path = file_path(url)
        url = file_url(path)
        with open(_open(path, policy), "rb") as file:
            status = os.fstat(file.fileno())
            found = Validators(
                url,
                etag=f'"{status.st_mtime_ns:x}-{status.st_size:x}"',
                last_modified=format_datetime(
                    datetime.fromtimestamp(int(status.st_mtime), UTC), usegmt=True
                ),
            )
            if validators is not None and validators == found:
                return NotModified(url, found, datetime.now(UTC))
            body = file.read(policy.max_bytes + 1)
    except SourceError as error:
        raise PermanentError(str(error)) from None
    except OSError as error:
        if error.errno in _LASTING:
            raise PermanentError(
                f"{url}: {error.strerror}. Correct the path or its permissions"
            ) from error
        raise RetryableError(f"{url}: {error.strerror}") from error
    if len(body) > policy.max_bytes:
        raise PermanentError(
            f"{url}: is larger than {policy.max_bytes} bytes. "
            "Raise FetchPolicy.max_bytes if the page is worth it"
        )
    return Fetched(
        url=url,
        status=200,
        content_type=PAGE_TYPES.get(path.suffix.lower()),
        body=body,
        validators=found,
        fetched_at=datetime.now(UTC),
    )


def _impossible(url: str, why: str) -> SourceError:
    return SourceError(f"cannot read {redact_url(url)}: {why}. Give a URL like file:///folder/page")


def _open(path: Path, policy: FetchPolicy) -> int:
    """Open a regular file inside the allowed folders; links count as what they lead to."""
    if not policy.file_roots:
        raise PermanentError(
            f"{file_url(path)}: files are read in local runs only (FetchPolicy.file_roots). "
            "Give an http or https URL"
        )
    real = Path(os.path.realpath(path, strict=True))
    if not any(real.is_relative_to(os.path.realpath(root)) for root in policy.file_roots):
        raise PermanentError(
            f"{file_url(path)}: lies outside the folders that this run may read. "
            "Give the file or its folder as a source"
        )
    # Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PermanentError(f"{file_url(path)}: is no regular file. Give a page or a folder")
    return descriptor
