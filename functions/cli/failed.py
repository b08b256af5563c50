"""``mystage failed``: the failed tasks of the pipeline on this machine, without a browser."""

from __future__ import annotations

import contextlib
import getpass
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from telemetry.cli import CommandError, exits
from telemetry.cli.durations import DURATION
from telemetry.cli.instances import json_option, yes_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from functions.runtime.failed_tasks.search import Criteria
    from functions.runtime.runtime import Runtime

F = TypeVar("F", bound="Callable[..., Any]")

_SENT_BY: Final = (
    "mystage up --data {data} sends what is retried within seconds, and so does the next"
    " mystage run there"
)

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".mystage"),
    envvar="MYSTAGE_DATA",
    show_default=True,
    help="The folder of the pipeline's documents.",
)
note_option = click.option("--note", default="", help="Why; it is kept in the history.")
by_option = click.option(
    "--by", envvar="USER", default=getpass.getuser, show_default="your name here", help="Who."
)


def criteria_options(function: F) -> F:
    """Add the options that say which failed tasks are meant; they come by their names."""
    for name, text in reversed(
        (
            ("stage", "Of this stage."),
            ("function", "Of this Cloud Function."),
            ("type", "Of this task type."),
            ("error", "With this class of error, as ValueError."),
            ("fingerprint", "Of this cause; `failed list --groups` has them."),
            ("text", "With these words in the message or the payload."),
        )
    ):
        function = click.option(f"--{name}", f"of_{name}", default="", help=text)(function)
    last = click.option("--last", type=DURATION, help="Failed within this time, as 30m, 24h or 7d.")
    return last(function)


@click.group()
def failed() -> None:
    """Look at failed tasks, retry them, or call them resolved.

    They are those of the pipeline on this machine, in the folder --data. All of this may be done
    while `mystage run` or `mystage up` work on the folder.
    """


@failed.command(
    "list",
    epilog="""\b
Examples:
  mystage failed list
  mystage failed list --stage sourcing --last 24h
  mystage failed list --text "venue.example 404" --json
  mystage failed list --groups
""",
)
@click.option(
    "--status",
    type=click.Choice(["failed", "retrying", "resolved", "all"]),
    default="failed",
    show_default=True,
)
@criteria_options
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--groups", is_flag=True, help="The causes, the most frequent first.")
@data_option
@json_option
def list_(*, status: str, limit: int, groups: bool, data: Path, as_json: bool, **asked: Any) -> int:
    """List failed tasks, the one that failed last first.

    Exit codes: 0 whether there are any or not, 69 the folder cannot be used.
    """
    from functions.cli.failed_tables import print_failed_tasks, print_groups  # noqa: PLC0415
    from functions.runtime.failed_tasks.search import (  # noqa: PLC0415 - not for --help
        count_matches,
        group_failures,
    )

    criteria = _read_criteria("" if status == "all" else status, **asked)
    with _opened(data) as runtime:
        if groups:
            causes = group_failures(runtime.store, criteria, limit=1_000)[:limit]
            print_groups(causes, as_json=as_json)
            return exits.OK
        documents = _find(runtime, criteria, limit)
        total = count_matches(runtime.store, criteria)
    print_failed_tasks(documents, total, as_json=as_json)
    return exits.OK


@failed.command(epilog="Example:\n  mystage failed show 7cb903b2e2df09ce11323b2489a5a32b012fbb79")
@click.argument("failed_id", metavar="ID")
@data_option
@json_option
def show(*, failed_id: str, data: Path, as_json: bool) -> int:
    """Show all that is known of the failed task ID; secrets in its payload are masked.

    Exit codes: 0 found, 1 not found, 69 the folder cannot be used.
    """
    from functions.cli.failed_tables import print_failed_task  # noqa: PLC0415 - not for --help
    from functions.runtime.failed_tasks.retrying import find_failed_task  # noqa: PLC0415

    with _opened(data) as runtime:
        document = find_failed_task(runtime, failed_id)
    print_failed_task(document, as_json=as_json)
    return exits.OK


@failed.command(
    epilog="""\b
Examples:
  mystage failed retry 7cb903b2e2df09ce11323b2489a5a32b012fbb79
  mystage failed retry 7cb903b2e2df09ce11323b2489a5a32b012fbb79 --payload mended.json
  mystage failed retry --all --stage sourcing --rate 2 --note "the site is back"
"""
)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that match, in the place of IDs.")
@criteria_options
@click.option(
    "--payload",
    type=click.File("r", encoding="utf-8"),
    help="A file with the JSON to send instead of a single task's own; - is standard input.",
)
@click.option("--rate", type=float, default=10.0, show_default=True, help="Of --all: a second.")
@note_option
@by_option
@yes_option
@data_option
@json_option
def retry(  # noqa: PLR0913 - one parameter for each option
    *,
    ids: tuple[str, ...],
    every: bool,
    payload: Any,
    rate: float,
    note: str,
    by: str,
    yes: bool,
    data: Path,
    as_json: bool,
    **asked: Any,
) -> int:
    """Send the failed tasks ID again, or with --all those that match.

    Each gets a fresh name. When it succeeds, its failed task is resolved by itself; when it dies
    again, it is failed again. Nothing is sent by this command: `mystage up` on the same --data
    sends it within seconds, and so does the next `mystage run` there.

    Exit codes: 0 all are on their way, 1 some are not, 64 wrong usage, 69 the folder cannot be
    used.
    """
    from functions.runtime.failed_tasks.retrying import retry as retry_one  # noqa: PLC0415

    if payload is not None and (every or len(ids) != 1):
        raise click.UsageError("--payload is for a single ID")
    if every:
        criteria = _read_criteria("failed", **asked)
        return _begin(
            data, "retry", criteria, rate=rate, note=note, by=by, yes=yes, as_json=as_json
        )
    _check_ids(ids, asked)
    edited = None if payload is None else _read_payload(payload.read())

    def act(runtime: Runtime, failed_id: str) -> str:
        return retry_one(runtime, failed_id, by=by, note=note, payload=edited)

    code = _act_on_each(data, ids, act, "retried as", as_json=as_json)
    if not as_json:
        click.echo(_SENT_BY.format(data=data), err=True)
    return code


@failed.command(
    epilog="""\b
Examples:
  mystage failed resolve 7cb903b2e2df09ce11323b2489a5a32b012fbb79 --note "entered by hand"
  mystage failed resolve --all --fingerprint 3f1c9a20b7e64d58 --note "the page is gone"
"""
)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that match, in the place of IDs.")
@criteria_options
@click.option("--note", required=True, help="Why; it is kept in the history.")
@by_option
@yes_option
@data_option
@json_option
def resolve(  # noqa: PLR0913 - one parameter for each option
    *,
    ids: tuple[str, ...],
    every: bool,
    note: str,
    by: str,
    yes: bool,
    data: Path,
    as_json: bool,
    **asked: Any,
) -> int:
    """Call the failed tasks ID resolved, or with --all those that match, without retrying them.

    Exit codes: 0 all are, 1 some are not, 64 wrong usage, 69 the folder cannot be used.
    """
    from functions.pipeline import MAX_DISPATCHES_PER_SECOND  # noqa: PLC0415 - not for --help
    from functions.runtime.failed_tasks.retrying import resolve as resolve_one  # noqa: PLC0415

    if every:
        criteria = _read_criteria("failed", **asked)
        rate = float(MAX_DISPATCHES_PER_SECOND)
        return _begin(
            data, "resolve", criteria, rate=rate, note=note, by=by, yes=yes, as_json=as_json
        )
    _check_ids(ids, asked)

    def act(runtime: Runtime, failed_id: str) -> str:
        resolve_one(runtime, failed_id, by=by, note=note)
        return ""

    return _act_on_each(data, ids, act, "resolved", as_json=as_json)


def _check_ids(ids: Sequence[str], asked: Mapping[str, Any]) -> None:
    if not ids:
        raise click.UsageError("name the failed tasks by their ids, or say --all")
    if any(asked.values()):
        raise click.UsageError("filters go with --all, and not with ids")


def _act_on_each(
    data: Path,
    ids: Sequence[str],
    act: Callable[[Runtime, str], str],
    done: str,
    *,
    as_json: bool,
) -> int:
    from functions.errors import FailedTaskError, PayloadError  # noqa: PLC0415 - not for --help

    outcomes: dict[str, dict[str, str]] = {}
    with _opened(data) as runtime:
        for failed_id in dict.fromkeys(ids):
            try:
                outcomes[failed_id] = {"done": act(runtime, failed_id)}
            except (FailedTaskError, PayloadError) as error:
                outcomes[failed_id] = {"error": str(error)}
    if as_json:
        click.echo(json.dumps(outcomes, ensure_ascii=False))
    for failed_id, outcome in outcomes.items():
        if "error" in outcome:
            click.echo(outcome["error"], err=True)
        elif not as_json:
            click.echo(f"{failed_id} {done} {outcome['done']}".rstrip())
    return exits.FINDINGS if any("error" in each for each in outcomes.values()) else exits.OK


def _begin(  # noqa: PLR0913 - facts of the bulk action, by name
    data: Path,
    action: str,
    criteria: Criteria,
    *,
    rate: float,
    note: str,
    by: str,
    yes: bool,
    as_json: bool,
) -> int:
    from functions.errors import BulkRetryRefused  # noqa: PLC0415 - not for --help
    from functions.runtime.failed_tasks.bulk import BulkAction, start_bulk  # noqa: PLC0415
    from functions.runtime.failed_tasks.search import count_matches  # noqa: PLC0415
    from telemetry.cli.instances import ask  # noqa: PLC0415

    with _opened(data) as runtime:
        number = count_matches(runtime.store, criteria)
        if number and not ask(f"{action.capitalize()} {number:,} failed tasks?", yes=yes):
            raise CommandError("nothing was done")
        bulk_id = None
        if number:
            try:
                bulk_id = start_bulk(
                    runtime,
                    action=BulkAction(action),
                    criteria=criteria,
                    rate=rate,
                    by=by,
                    note=note,
                )
            except BulkRetryRefused as error:
                raise click.UsageError(str(error)) from error
    if as_json:
        click.echo(json.dumps({"failed_tasks": number, "bulk_id": bulk_id}))
    else:
        click.echo(f"{number:,} failed tasks" + (f", as {bulk_id}" if bulk_id else ": none match"))
        if bulk_id:
            click.echo(_SENT_BY.format(data=data), err=True)
    return exits.OK


def _find(runtime: Runtime, criteria: Criteria, limit: int) -> list[Any]:
    from functions.runtime.failed_tasks.search import search  # noqa: PLC0415 - not for --help

    found: list[Any] = []
    after = None
    while len(found) < limit:
        page = search(runtime.store, criteria, limit=limit - len(found), after=after)
        found += page.documents
        if page.seen is None:
            break
        after = page.seen
    return found


def _read_criteria(  # noqa: PLR0913 - one parameter for each option
    status: str,
    *,
    last: float | None,
    of_stage: str,
    of_function: str,
    of_type: str,
    of_error: str,
    of_fingerprint: str,
    of_text: str,
) -> Criteria:
    from functions.runtime.failed_tasks.search import Criteria  # noqa: PLC0415 - not for --help

    return Criteria(
        status=status,
        pipeline_stage=of_stage,
        function_name=of_function,
        task_type=of_type,
        error_type=of_error,
        fingerprint=of_fingerprint,
        text=of_text,
        since=None if last is None else datetime.now(UTC) - timedelta(seconds=last),
    )


def _read_payload(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"--payload is no JSON: {error}") from error
    if not isinstance(said, dict):
        raise click.UsageError("--payload is no JSON object")
    return said


@contextlib.contextmanager
def _opened(data: Path) -> Iterator[Runtime]:
    """Open the documents of a folder; no queue is asked, so what is retried waits in the outbox."""
    from functions.embedded.assembly import DOCUMENTS_FILE, assemble_runtime  # noqa: PLC0415
    from functions.errors import FailedTaskMissing, PipelineError  # noqa: PLC0415
    from functions.pipeline import Pipeline  # noqa: PLC0415
    from functions.runtime.dispatcher import NoDispatcher  # noqa: PLC0415
    from functions.runtime.settings import Settings  # noqa: PLC0415

    if not (data / DOCUMENTS_FILE).is_file():
        raise CommandError(
            f"{data} holds no documents of a pipeline: name the folder of a run with --data",
            exit_code=exits.UNAVAILABLE,
        )
    settings = Settings(profile="embedded", data=data)
    try:
        dispatcher = NoDispatcher(Pipeline(profile=settings.profile))
        runtime = assemble_runtime(settings, dispatcher)
        with contextlib.closing(runtime.store):
            yield runtime
    except FailedTaskMissing as error:
        raise CommandError(str(error)) from error
    except PipelineError as error:
        raise CommandError(str(error), exit_code=exits.UNAVAILABLE) from error
    finally:
        sys.stdout.flush()
