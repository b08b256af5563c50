"""What the admin pages and their API stand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from functions.runtime.failed_tasks.documents import UNKNOWN

if TYPE_CHECKING:
    from starlette.requests import Request

    from functions.admin.guard import Guard
    from functions.runtime.runtime import Runtime

PATH: Final = "/failed-tasks"
TRIGGER: Final = "/trigger"

_ITEMS: Final = "/items"
"""The console's page of an item; where there is none, ids lead nowhere."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Hold what the pages stand on.

    Attributes:
        runtime: Where failed tasks are kept, and what sends them again.
        guard: Who gets in.
    """

    runtime: Runtime
    guard: Guard

    @property
    def stages(self) -> tuple[str, ...]:
        """All that a failed task can be of."""
        return (*(each.name for each in self.runtime.pipeline.queued), UNKNOWN)


def leads_to_items(request: Request) -> bool:
    """Tell whether the application around has the pages of items and traces."""
    return any(path == _ITEMS for _, path in request.app.state.navigation)
