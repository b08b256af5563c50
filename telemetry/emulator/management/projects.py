"""The one project there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from telemetry.emulator.http.accounts import ORGANIZATION, PROJECT
from telemetry.emulator.management.bodies import Body, Content, Text
from telemetry.emulator.management.resources import Resource

if TYPE_CHECKING:
    from telemetry.emulator.management.rows import Row, Rows

KIND: Final = "project"


class ProjectChanges(Body):
    """Hold what can be changed of the project; not its name, which every token tells."""

    description: Text | None = None
    visibility: Literal["public", "private"] = "public"


class Projects(Resource):
    """Show the project, and change its description."""

    kind = KIND
    collection = "projects"
    in_project = False
    changes = ProjectChanges
    deletable = False

    def describe(self, rows: Rows, row: Row) -> Content:
        """Return what the server knows of it."""
        return super().describe(rows, row) | {"organization_name": ORGANIZATION}


def new_project(rows: Rows) -> None:
    """Make the project, with the identifier that all the others are told to be in."""
    content = {"project_name": PROJECT, **ProjectChanges().content()}
    rows.insert(KIND, content, PROJECT, identifier=rows.project_id)
