"""How a run looks while it goes and when it is over."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from rich.box import ROUNDED
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import TaskID

    from functions.embedded.progress import RunProgress
    from functions.embedded.run import Summary

_FAILURES: Final = 20
"""Failed tasks that are shown one by one."""


@contextlib.contextmanager
def progress_display(*, enabled: bool) -> Iterator[Callable[[RunProgress], None]]:
    """Show a bar for each stage that has had a task, on standard error.

    Gives the function to call with every new state.
    """
    bars: dict[str, TaskID] = {}
    display = Progress(
        TextColumn("{task.description:<20}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("[red]{task.fields[failed]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not enabled,
    )

    def show(progress: RunProgress) -> None:
        for name, stage in progress.stages.items():
            if not stage.sent:
                continue
            if name not in bars:
                bars[name] = display.add_task(name, failed="")
            display.update(
                bars[name],
                completed=stage.ended,
                total=stage.sent,
                failed=f"{stage.failed} failed" if stage.failed else "",
            )

    with display:
        yield show


def print_summary(summary: Summary, console: Console | None = None) -> None:
    """Print the funnel, the entities and the failed tasks to standard output.

    A terminal gets tables with frames; a pipe or a file gets plain columns.
    """
    console = console or Console(highlight=False)
    console.print(_funnel(summary, console))
    console.print(_entities(summary, console))
    if summary.failed:
        _print_failures(summary, console)
    noun = "source" if summary.sources == 1 else "sources"
    console.print(f"{summary.sources} {noun} in {summary.seconds:.1f} s")


def _funnel(summary: Summary, console: Console) -> Table:
    table = _table("stage", console)
    for name in ("succeeded", "failed", "retried"):
        table.add_column(name, justify="right")
    for name, stage in summary.stages.items():
        failed = Text(str(stage.failed), style="red" if stage.failed else "")
        table.add_row(name, str(stage.succeeded), failed, str(stage.retried))
    return table


def _entities(summary: Summary, console: Console) -> Table:
    table = _table("entity", console)
    table.add_column("found", justify="right")
    table.add_column("created", justify="right")
    for name, counts in summary.entities.items():
        table.add_row(name, str(counts["found"]), str(counts["created"]))
    return table


def _table(first: str, console: Console) -> Table:
    table = Table(box=ROUNDED if console.is_terminal else None, pad_edge=console.is_terminal)
    table.add_column(first, min_width=20)
    return table


def _print_failures(summary: Summary, console: Console) -> None:
    noun = "task" if summary.failed == 1 else "tasks"
    console.print(f"{summary.failed} failed {noun}:", style="red")
    for task in summary.failed_tasks[:_FAILURES]:
        # Text, since a page's words are no markup.
        console.print(Text(f"  {task.stage}: {_one_line(task.message)}"), soft_wrap=True)
    if summary.failed > _FAILURES:
        console.print(f"  … and {summary.failed - _FAILURES} more")


def _one_line(message: str) -> str:
    """Keep a page's words from drawing on the terminal or breaking the list."""
    return "".join(each if each.isprintable() else " " for each in " ".join(message.split()))
