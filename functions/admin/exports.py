"""Failed tasks as files: CSV for spreadsheets, JSON for programs, written as they are read."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from functions.admin.api.models import FailedTask, FailedTaskDetail
from functions.admin.audit import log_action
from functions.admin.queries import read_query
from functions.runtime.failed_tasks.search import search

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from functions.admin.desk import Desk
    from functions.admin.identity import Visitor
    from functions.runtime.failed_tasks.search import Criteria
    from functions.runtime.store import Document, DocumentStore

MOST: Final = 10_000
"""Failed tasks of a file: those that failed last."""

_PAGE: Final = 100
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""With what a spreadsheet takes a text for a formula
(https://owasp.org/www-community/attacks/CSV_Injection)."""


@dataclass(frozen=True, slots=True)
class Exports:
    """Write files of what an address asks for."""

    desk: Desk

    def write_csv(self, request: Request, visitor: Visitor) -> Response:
        """Write a table, without payloads."""
        found = self._find(request, visitor, "csv")
        return _stream(_to_csv(found), "text/csv; charset=utf-8", "failed-tasks.csv")

    def write_json(self, request: Request, visitor: Visitor) -> Response:
        """Write a list of all there is to know."""
        found = self._find(request, visitor, "json")
        return _stream(_to_json(found), "application/json", "failed-tasks.json")

    def _find(self, request: Request, visitor: Visitor, kind: str) -> Iterator[Document]:
        asked = read_query(dict(request.query_params))
        if asked.faults:
            told = "; ".join(f"{name}: {fault}" for name, fault in asked.faults.items())
            raise HTTPException(400, f"The filters of this address make no sense. {told}")
        log_action(visitor, "exported", "failed tasks", kind=kind, query=asked.query.to_address())
        return find_all(self.desk.runtime.store, asked.query.to_criteria())


def find_all(store: DocumentStore, criteria: Criteria) -> Iterator[Document]:
    """Give failed tasks, the one that failed last first, ``MOST`` at most."""
    after = None
    given = 0
    while given < MOST:
        page = search(store, criteria, limit=min(_PAGE, MOST - given), after=after)
        yield from page.documents
        given += len(page.documents)
        if page.seen is None:
            return
        after = page.seen


def _to_csv(found: Iterator[Document]) -> Iterator[str]:
    names = list(FailedTask.model_fields)
    yield _line(dict(zip(names, names, strict=True)))
    for each in found:
        yield _line(FailedTask.of(each).model_dump(mode="json"))


def _line(row: Mapping[str, object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([_cell(value) for value in row.values()])
    return line.getvalue()


def _cell(value: object) -> object:
    if value is None or isinstance(value, int):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _to_json(found: Iterator[Document]) -> Iterator[str]:
    yield "["
    for number, each in enumerate(found):
        yield f"{',' if number else ''}\n{FailedTaskDetail.of(each).model_dump_json()}"
    yield "\n]\n"


def _stream(lines: Iterator[str], media_type: str, name: str) -> Response:
    return StreamingResponse(
        lines,
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
