"""How failed tasks look in a terminal, and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click
from rich.box import ROUNDED
from rich.console import Console
from rich.table import Table
from rich.text import Text

from functions.runtime.failed_tasks.masking import mask_secrets, mask_text
from telemetry.terminal import clean, on_one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from functions.runtime.failed_tasks.search import Group
    from functions.runtime.store import Document

_MESSAGE: Final = 200
"""Characters of a message in a list."""

_PAYLOADS: Final = ("payload", "edited_payload")
_TOLD: Final = (
    "status",
    "pipeline_stage",
    "task_type",
    "function_name",
    "function_url",
    "queue",
    "service",
    "service_version",
    "error_type",
    "error_message",
    "retry_count",
    "first_failed_at",
    "last_failed_at",
    "resolved_at",
    "resolved_by",
    "trace_id",
    "fingerprint",
)
"""The fields that are shown one a line, in this order."""


def print_failed_tasks(documents: Sequence[Document], total: int, *, as_json: bool) -> None:
    """Print failed tasks, and how many there are in all."""
    if as_json:
        rows = [describe_failed_task(each) for each in documents]
        click.echo(json.dumps({"total": total, "failed_tasks": rows}, ensure_ascii=False))
        return
    console, table = _begin("failed", "id", "status", "stage", "error", "message")
    for each in documents:
        data = each.data
        table.add_row(
            _time(data["last_failed_at"]),
            each.id,
            data["status"],
            Text(on_one_line(data["pipeline_stage"])),
            Text(on_one_line(data["error_type"])),
            Text(on_one_line(mask_text(data["error_message"])[:_MESSAGE])),
        )
    console.print(table, soft_wrap=not console.is_terminal)
    more = f", {len(documents):,} of them shown" if len(documents) < total else ""
    console.print(f"{total:,} failed {'task' if total == 1 else 'tasks'}{more}")


def print_groups(groups: Sequence[Group], *, as_json: bool) -> None:
    """Print the causes of failed tasks."""
    if as_json:
        rows = [asdict(each) | {"message": mask_text(each.message)} for each in groups]
        click.echo(json.dumps({"groups": rows}, ensure_ascii=False))
        return
    console, table = _begin("tasks", "fingerprint", "stage", "error", "one of them says")
    for each in groups:
        table.add_row(
            str(each.count),
            each.fingerprint,
            Text(on_one_line(each.stage)),
            Text(on_one_line(each.error_type)),
            Text(on_one_line(mask_text(each.message)[:_MESSAGE])),
        )
    console.print(table, soft_wrap=not console.is_terminal)


def print_failed_task(document: Document, *, as_json: bool) -> None:
    """Print all that is known of a failed task."""
    told = describe_failed_task(document)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"id: {document.id}")
    for name in _TOLD:
        if told[name] not in (None, ""):
            click.echo(f"{name}: {on_one_line(str(told[name]))}")
    for each in told["item_ids"]:
        click.echo(f"item: {on_one_line(each)}")
    for name in _PAYLOADS:
        if told[name] is not None:
            click.echo(f"\n{name}:")
            click.echo(clean(_write(told[name])))
    click.echo("\nattempts:")
    for each in told["attempts"]:
        message = on_one_line(f"{each['error_type']}: {each['error_message']}")
        click.echo(f"  {each['at']}  {each['number']}  {message}")
    click.echo("\nhistory:")
    for each in told["history"]:
        by = f" by {each['by']}" if each["by"] else ""
        note = f": {each['note']}" if each["note"] else ""
        click.echo(f"  {each['at']}  {on_one_line(each['action'] + by + note)}")
    if told["stack_trace"]:
        click.echo(f"\n{clean(told['stack_trace'])}")


def describe_failed_task(document: Document) -> dict[str, Any]:
    """Return a failed task as JSON has it, with its secrets masked; times as ISO 8601 in UTC."""
    data = document.data
    shown = {name: mask_secrets(data[name]) for name in _PAYLOADS}
    rest = {name: value for name, value in data.items() if name not in shown}
    told: dict[str, Any] = _masked({"id": document.id, **rest, **shown})
    return told


def _masked(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case dict():
            return {name: _masked(each) for name, each in value.items()}
        case list():
            return [_masked(each) for each in value]
        case str():
            return mask_text(value)
        case bytes():
            return mask_text(value.decode(errors="replace"))
        case _:
            return value


def _write(payload: object) -> str:
    is_text = isinstance(payload, str)
    return str(payload) if is_text else json.dumps(payload, indent=2, ensure_ascii=False)


def _begin(*columns: str) -> tuple[Console, Table]:
    console = Console(highlight=False)
    table = Table(box=ROUNDED if console.is_terminal else None, pad_edge=console.is_terminal)
    for name in columns:
        table.add_column(name, justify="right" if name == "tasks" else "left")
    return console, table


def _time(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"
