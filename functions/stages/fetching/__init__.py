"""Fetch pages from the web or from disk, safely: `docs/fetching.md` is the reader's version.

Knows neither the store nor the queue: the sourcing stage calls `fetch` and acts on its outcome.
"""

from __future__ import annotations

from functions.stages.fetching.connections import close_connections
from functions.stages.fetching.policy import FetchPolicy
from functions.stages.fetching.results import Fetched, NotModified, Validators
from functions.stages.fetching.retrieval import fetch
from functions.stages.fetching.sources import LeftOut, SourceLocation, expand_sources, source_id
from functions.stages.fetching.urls import redact_url

__all__ = [
    "FetchPolicy",
    "Fetched",
    "LeftOut",
    "NotModified",
    "SourceLocation",
    "Validators",
    "close_connections",
    "expand_sources",
    "fetch",
    "redact_url",
    "source_id",
]
