"""Document processing: read a fetched page, and route it to what can find its events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from functions.errors import PermanentError
from functions.runtime.handlers import stage_handler
from functions.stages.collections import DOCUMENTS, SCRAPES
from functions.stages.payloads import ExtractEvents, ProcessDocument
from functions.stages.reading import read_page

if TYPE_CHECKING:
    from functions.runtime.work import UnitOfWork

_ROUTES: Final = {"adapters": "extraction_adapters", "agents": "extraction_agents"}


@stage_handler("doc_processing")
def process_document(payload: ProcessDocument, work: UnitOfWork) -> None:
    """Decode the page, take out its text and structured data, and route it.

    Raises:
        PermanentError: The scrape is gone, or what was fetched is no page; the message says what.
    """
    scrape = work.get(SCRAPES, payload.scrape_id)
    if scrape is None:
        raise PermanentError(f"no scrape {payload.scrape_id!r}: was it deleted?")
    body = work.blobs.get(scrape.data["body"])
    page = read_page(body, url=scrape.data["url"], content_type=scrape.data["content_type"])
    content = json.dumps({"text": page.text, "blocks": page.blocks}, ensure_ascii=False)
    document = {
        "source_id": scrape.data["source_id"],
        "precedence": scrape.data["precedence"],
        "url": page.url,
        "canonical_url": page.canonical_url,
        "encoding": page.encoding,
        "title": page.title,
        "language": page.language,
        "content_hash": page.content_hash,
        "content": work.blobs.put(content.encode()),
        "problems": list(page.problems),
        "route": page.route,
        "processed_at": work.now,
    }
    work.put(DOCUMENTS, scrape.id, document)
    work.dispatch(_ROUTES[page.route], ExtractEvents(document_id=scrape.id))
