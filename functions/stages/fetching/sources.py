"""Sources as users give them: URLs, files, folders and lists of those."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from functions.errors import SourceError
from functions.stages.fetching.files import FILE_SCHEME, PAGE_TYPES, file_path, file_url
from functions.stages.fetching.urls import normalise_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_LIST_MARK = "@"
_COMMENT = "#"
_ID_LENGTH = 32


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """Hold one place to fetch.

    Args:
        location: A normalised http, https or ``file:`` URL.
        given: The argument it came from.
        root: For a file, the folder that `FetchPolicy.file_roots` has to hold.
    """

    location: str
    given: str
    root: Path | None = None

    @property
    def source_id(self) -> str:
        """Give the location's `source_id`."""
        return source_id(self.location)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Say what inside a folder is not taken.

    Args:
        path: The file or folder.
        reason: Why, to be read after the path and a colon.
    """

    path: Path
    reason: str


def expand_sources(
    arguments: Sequence[str], *, report: Callable[[LeftOut], object] | None = None
) -> list[SourceLocation]:
    """Turn a command line's sources into the locations to fetch, in order, each once.

    A folder stands for the pages in it at any depth, sorted; ``@list.txt`` for the sources on the
    lines of a file, where blank lines and lines that start with ``#`` do not count. A file that is
    named is taken whatever it is called.

    Args:
        arguments: URLs, paths of files and folders, and lists.
        report: Called with everything in a folder that is left out.

    Raises:
        SourceError: An argument can be none of these, or nothing is in it.
    """
    locations: dict[str, SourceLocation] = {}
    for argument in arguments:
        for source in _expand(argument, report or _ignore):
            locations.setdefault(source.location, source)
    return list(locations.values())


def source_id(location: str) -> str:
    """Give a location's document id: stable, safe in Firestore, the same for each spelling.

    Args:
        location: An http, https or ``file:`` URL.

    Raises:
        SourceError: It is none.
    """
    is_file = _is_file_url(location)
    url = file_url(file_path(location)) if is_file else normalise_url(location)
    return hashlib.sha256(url.encode()).hexdigest()[:_ID_LENGTH]


def _ignore(_left_out: LeftOut) -> None:
    """Report nothing."""


def _is_file_url(text: str) -> bool:
    return text[: len(FILE_SCHEME)].lower() == FILE_SCHEME


def _expand(argument: str, report: Callable[[LeftOut], object]) -> Iterator[SourceLocation]:
    if argument.startswith(_LIST_MARK):
        for line in _lines(argument):
            yield from _expand_one(line, report)
    else:
        yield from _expand_one(argument, report)


def _expand_one(argument: str, report: Callable[[LeftOut], object]) -> Iterator[SourceLocation]:
    if _is_file_url(argument):
        yield from _expand_path(file_path(argument), argument, report)
    elif _URL.match(argument.strip()):
        try:
            yield SourceLocation(normalise_url(argument), argument)
        except SourceError as error:
            raise SourceError(
                f"{error}. Give a URL such as https://example.com/events, a file or a folder"
            ) from None
    else:
        yield from _expand_path(Path(argument), argument, report)


def _lines(argument: str) -> Iterator[str]:
    path = Path(argument.removeprefix(_LIST_MARK))
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise _unreadable(argument, error) from error
    lines = (line.strip() for line in text.splitlines())
    found = [line for line in lines if line and not line.startswith(_COMMENT)]
    if not found:
        raise SourceError(f"{argument!a} lists no sources. Write one URL, file or folder per line")
    for line in found:
        if line.startswith(_LIST_MARK):
            raise SourceError(f"{argument!a} lists {line!a}: a list cannot name another list")
    yield from found


def _expand_path(
    path: Path, given: str, report: Callable[[LeftOut], object]
) -> Iterator[SourceLocation]:
    try:
        if path.is_dir() and given.strip():
            yield from _pages_in(path, given, report)
        elif path.is_file():
            yield SourceLocation(file_url(path), given, _absolute(path.parent))
        elif path.exists():
            raise SourceError(f"{given!a} is neither a page nor a folder. Give one of these")
        else:
            raise SourceError(
                f"there is no file or folder {given!a}. "
                "Check the path; a web address starts with http:// or https://"
            )
    except (OSError, ValueError) as error:
        raise _unreadable(given, error) from error


def _pages_in(
    folder: Path, given: str, report: Callable[[LeftOut], object]
) -> Iterator[SourceLocation]:
    root = _absolute(folder)
    real_root = root.resolve()
    count = 0
    for page in _walk(root, report):
        reason = _why_not(page, real_root)
        if reason is not None:
            report(LeftOut(page, reason))
        else:
            count += 1
            yield SourceLocation(file_url(page), given, root)
    if not count:
        raise SourceError(
            f"the folder {given!a} holds no pages. Pages are files that end in "
            f"{', '.join(sorted(PAGE_TYPES))}; name another file by itself"
        )


def _walk(root: Path, report: Callable[[LeftOut], object]) -> Iterator[Path]:
    def report_unreadable(error: OSError) -> None:
        report(LeftOut(Path(os.fsdecode(error.filename)), f"{error.strerror}"))

    for folder, folders, files in os.walk(root, onerror=report_unreadable):
        for name in [name for name in folders if name.startswith(".")]:
            report(LeftOut(Path(folder, name), "hidden"))
            folders.remove(name)
        for name in [name for name in folders if Path(folder, name).is_symlink()]:
            report(LeftOut(Path(folder, name), "a link to a folder"))
            folders.remove(name)
        folders.sort()
        yield from (Path(folder, name) for name in sorted(files))


def _why_not(page: Path, real_root: Path) -> str | None:
    if page.name.startswith("."):
        return "hidden"
    if page.suffix.lower() not in PAGE_TYPES:
        return f"not a page ({', '.join(sorted(PAGE_TYPES))})"
    if not page.is_file():
        return "not a file that can be read"
    if not page.resolve().is_relative_to(real_root):
        return "a link that leads out of the folder"
    return None


def _absolute(path: Path) -> Path:
    # Not resolve(): a link keeps the name the user knows.
    return Path(os.path.abspath(path))  # noqa: PTH100 - pathlib cannot drop ".." otherwise


def _unreadable(given: str, error: OSError | ValueError) -> SourceError:
    reason = (isinstance(error, OSError) and error.strerror) or "it is no text in UTF-8 or no path"
    return SourceError(f"cannot read {given!a}: {reason}. Check the path and its permissions")
