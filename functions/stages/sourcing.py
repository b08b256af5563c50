"""Sourcing: fetch a source, and keep what is new there."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from functions.errors import PermanentError
from functions.runtime.handlers import stage_handler
from functions.stages.collections import (
    DOCUMENTS,
    RESOLUTIONS,
    SCRAPES,
    SOURCES,
    extraction_id,
    hash_id,
)
from functions.stages.fetching import FetchPolicy, NotModified, Validators, fetch
from functions.stages.fetching.addresses import LOCAL_KINDS, AddressKind, kind_of
from functions.stages.fetching.files import FILE_SCHEME, file_path
from functions.stages.payloads import ProcessDocument, RecordSources, SourcePage

if TYPE_CHECKING:
    from functions.runtime.settings import Settings
    from functions.runtime.store import Document
    from functions.runtime.work import UnitOfWork
    from functions.stages.fetching import Fetched


@stage_handler("sourcing")
def source_page(payload: SourcePage, work: UnitOfWork) -> None:
    """Fetch a source and send what is new to be read.

    Content that is unchanged stops here: its entities are only seen again. Where its last way
    through the pipeline did not come to an end, it is sent that way once more.

    Raises:
        PermanentError: The source is gone, or will not answer otherwise another time.
        RetryableError: It may answer another time.
    """
    source = work.get(SOURCES, payload.source_id)
    if source is None:
        raise PermanentError(f"no source {payload.source_id!r}: was it deleted?")
    location = source.data["location"]
    known = source.data.get("validators")
    answer = fetch(
        location,
        policy=fetch_policy(location, work.settings),
        validators=Validators(**known) if known else None,
    )
    if isinstance(answer, NotModified):
        work.update(source, {"fetched_at": work.now})
        _pass_over(source, work)
        return
    body = work.blobs.put(answer.body)
    state = {
        "validators": asdict(answer.validators),
        "fetched_at": work.now,
    }
    if body == source.data.get("body"):
        work.update(source, state)
        _pass_over(source, work)
        return
    scrape_id = hash_id("scrape", work.task_id)
    _keep(scrape_id, source, answer, body, work)
    work.update(source, state | {"body": body, "scrape_id": scrape_id})
    work.dispatch("doc_processing", ProcessDocument(scrape_id=scrape_id))


def _keep(scrape_id: str, source: Document, answer: Fetched, body: str, work: UnitOfWork) -> None:
    scrape = {
        "source_id": source.id,
        "precedence": source.data.get("precedence", 0),
        "url": answer.url,
        "content_type": answer.content_type,
        "body": body,
        "bytes": len(answer.body),
        "fetched_at": work.now,
    }
    work.create(SCRAPES, scrape_id, scrape)
    work.count("scrapes_created")


def _pass_over(source: Document, work: UnitOfWork) -> None:
    scrape_id = source.data["scrape_id"]
    document = work.get(DOCUMENTS, scrape_id)
    parts = (document.data.get("extractions") or 0) if document else 0
    names = [extraction_id(scrape_id, number) for number in range(parts)]
    if not names or not all(work.get_all([(RESOLUTIONS, name) for name in names])):
        work.dispatch("doc_processing", ProcessDocument(scrape_id=scrape_id))
        return
    for name in names:
        seen = RecordSources(resolution_id=name, unchanged=True)
        work.dispatch("entity_source_mgmt", seen, key=name)


def fetch_policy(location: str, settings: Settings) -> FetchPolicy:
    """Return how a source is fetched here.

    Files and private addresses are reached on local runs only, and only where the source itself
    names them: a page of a stranger that redirects to this machine is refused on a laptop too.
    """
    is_file = settings.fetch_files and location.startswith(FILE_SCHEME)
    is_private = settings.fetch_private == "any" or (
        settings.fetch_private == "named" and names_private_host(location)
    )
    return FetchPolicy(
        total_timeout=settings.fetch_timeout,
        max_retry_after=timedelta(seconds=settings.fetch_max_pause),
        allow_private_addresses=is_private,
        file_roots=(file_path(location),) if is_file else (),
    )


def names_private_host(location: str) -> bool:
    """Tell whether a URL says by itself, without DNS, that it is on this machine or nearby."""
    host = urlsplit(location).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        kind = kind_of(ip_address(host))
    except ValueError:
        return False
    return kind in LOCAL_KINDS and kind is not AddressKind.PUBLIC
