"""Failed tasks as a section of the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from functions.admin.api.routes import api_routes
from functions.admin.bulk_pages import BulkPages
from functions.admin.desk import PATH, TRIGGER, Desk
from functions.admin.exports import Exports
from functions.admin.form_tokens import FormTokens
from functions.admin.guard import Guard
from functions.admin.list_page import ListPage
from functions.admin.task_page import MOST_PAYLOAD_FORM, TaskPage
from functions.admin.trigger_page import TriggerPage
from telemetry.console import Section

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from functions.admin.identity import Identity
    from functions.runtime.runtime import Runtime

_PACKAGE: Final = "functions.admin"


def failed_tasks_section(runtime: Runtime, identity: Identity, *, form_secret: str = "") -> Section:
    """Return the section of the failed tasks, with its API and the page that triggers stages.

    Args:
        runtime: Where failed tasks are kept, and what sends them again.
        identity: What tells who asks.
        form_secret: What the tokens in forms are made with; "" for one of this process's own.
    """
    guard = Guard(identity, FormTokens(form_secret))
    return Section(
        title="Failed tasks",
        path=PATH,
        routes=[*identity.routes, *_routes(Desk(runtime, guard), guard)],
        package=_PACKAGE,
    )


def _routes(desk: Desk, guard: Guard) -> list[BaseRoute]:
    listing, task, bulk = ListPage(desk), TaskPage(desk), BulkPages(desk)
    triggers, exports = TriggerPage(desk), Exports(desk)
    one = f"{PATH}/tasks/{{failed_id}}"
    many = f"{PATH}/bulk"
    pages = {
        PATH: listing.show,
        f"{PATH}.csv": exports.write_csv,
        f"{PATH}.json": exports.write_json,
        one: task.show,
        many: bulk.ask_all,
        f"{many}/{{bulk_id}}": bulk.show,
        TRIGGER: triggers.show,
    }
    forms = {
        f"{PATH}/chosen": bulk.ask_chosen,
        f"{one}/retry": task.retry,
        f"{one}/resolve": task.resolve,
        f"{one}/reopen": task.reopen,
        many: bulk.start,
        f"{many}/{{bulk_id}}/cancel": bulk.cancel,
    }
    payload_forms = {f"{one}/retry-edited": task.retry_edited, TRIGGER: triggers.take}
    return [
        Mount(f"{PATH}/static", StaticFiles(packages=[(_PACKAGE, "static")])),
        *(Route(path, guard.page(show), methods=["GET"]) for path, show in pages.items()),
        *(Route(path, guard.form(take), methods=["POST"]) for path, take in forms.items()),
        *(
            Route(path, guard.form(take, most_bytes=MOST_PAYLOAD_FORM), methods=["POST"])
            for path, take in payload_forms.items()
        ),
        *api_routes(desk),
    ]
