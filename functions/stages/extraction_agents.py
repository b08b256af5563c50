"""Extraction agents: find the events of pages without structured data.

The agents are not built yet. Their stage is, so that pages which need them are filed among the
failed tasks, to be retried once there is an agent, and are not passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.errors import PermanentError
from functions.runtime.handlers import stage_handler
from functions.stages.collections import DOCUMENTS

if TYPE_CHECKING:
    from functions.runtime.work import UnitOfWork
    from functions.stages.payloads import ExtractEvents


@stage_handler("extraction_agents")
def extract_events(payload: ExtractEvents, work: UnitOfWork) -> None:
    """Refuse the page, and say what was found wrong with its structured data, if anything.

    Raises:
        PermanentError: Always.
    """
    document = work.get(DOCUMENTS, payload.document_id)
    if document is None:
        raise PermanentError(f"no document {payload.document_id!r}: was it deleted?")
    problems = "; ".join(document.data["problems"])
    raise PermanentError(
        f"{document.data['url']} has no structured event data"
        f"{f' that could be read ({problems})' if problems else ''}, and mystage has no extraction"
        " agent yet that reads plain text. Retry this task once it has."
    )
