"""Dashboards: a definition under a slug."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, PlainSerializer

from telemetry.emulator.http.accounts import PROJECT
from telemetry.emulator.management.bodies import Body, Content, Name
from telemetry.emulator.management.perses import Definition
from telemetry.emulator.management.resources import AUTHOR, Resource

if TYPE_CHECKING:
    from telemetry.emulator.management.rows import Row, Rows

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$", max_length=100)]
Written = Annotated[
    Definition,
    PlainSerializer(lambda definition: definition.model_dump(mode="json", by_alias=True)),
]

_EMPTY: Final = Definition.model_validate({"kind": "Dashboard", "spec": {}})


class NewDashboard(Body):
    """Hold what makes a dashboard."""

    name: Name
    slug: Slug
    definition: Written


class DashboardChanges(Body):
    """Hold what changes one; its slug stays."""

    name: Name = ""
    definition: Written = _EMPTY


class Dashboards(Resource):
    """Keep dashboards."""

    kind = "dashboard"
    collection = "dashboards"
    creation = NewDashboard
    changes = DashboardChanges

    def complete(self, content: Content) -> Content:
        """Return what is kept: its definition names the dashboard and the project."""
        definition = content["definition"]
        metadata, display = definition["metadata"], definition["spec"]["display"]
        metadata["name"] = metadata["name"] or content["slug"]
        metadata["project"] = metadata["project"] or PROJECT
        display["name"] = display["name"] or content["name"]
        return content

    def identity(self, content: Content) -> str:
        """Return its slug."""
        return str(content["slug"])

    def show(self, rows: Rows, row: Row) -> Content:  # noqa: ARG002 - as of its base class
        """Return the definition and nothing else."""
        return {"dashboard": row.content["definition"]}

    def show_listed(self, rows: Rows, row: Row) -> Content:
        """Return all but the definition."""
        return {
            "id": row.id,
            "project_id": rows.project_id,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
            "created_by_name": AUTHOR,
            "updated_by_name": AUTHOR,
            "dashboard_name": row.content["name"],
            "dashboard_slug": row.content["slug"],
        }

    def show_changed(self, rows: Rows, row: Row) -> Content:
        """Return the same when it was made or changed."""
        return self.show_listed(rows, row)
