"""The one way to a page, wherever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.errors import PermanentError, SourceError
from functions.stages.fetching.files import FILE_SCHEME, fetch_file
from functions.stages.fetching.urls import normalise_url
from functions.stages.fetching.web import fetch_page

if TYPE_CHECKING:
    from functions.stages.fetching.policy import FetchPolicy
    from functions.stages.fetching.results import Fetched, NotModified, Validators


def fetch(
    location: str, *, policy: FetchPolicy, validators: Validators | None = None
) -> Fetched | NotModified:
    """Get a page, if it changed.

    Thread-safe; connections are kept and shared by the whole process until `close_connections`.

    Args:
        location: An http, https or ``file:`` URL.
        policy: Where it may lead and what it may cost.
        validators: Of the last `Fetched` or `NotModified` of this location.

    Returns:
        The page, or `NotModified` if it is still what the validators stand for.

    Raises:
        RetryableError: It may succeed later; ``after`` is what the server asked for.
        PermanentError: It would fail the same way again, or is forbidden.
    """
    if location[: len(FILE_SCHEME)].lower() == FILE_SCHEME:
        return fetch_file(location, policy=policy, validators=validators)
    try:
        url = normalise_url(location)
    except SourceError as error:
        raise PermanentError(f"{error}. Correct the source, or remove it") from None
    return fetch_page(url, policy=policy, validators=validators)
