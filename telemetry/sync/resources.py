"""The kinds of objects that Logfire's management API keeps, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class Kind(StrEnum):
    """What an object is."""

    SCHEDULE = "schedule"
    CHANNEL = "channel"
    ALERT = "alert"
    SLO = "slo"
    DASHBOARD = "dashboard"

    @property
    def title(self) -> str:  # type: ignore[override]  # str's own says nothing about a kind
        """What to call one of them in a message."""
        return "SLO" if self is Kind.SLO else self.value


Key = tuple[Kind, str]
"""A kind and an identity within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Say how one kind of object is reached.

    Attributes:
        kind: The kind.
        path: Of the collection, with ``{project}`` for the project's id.
        identities: The fields that the identity may be in, of what is read.
        update: The method that changes one.
        optional: Whether there are releases without it that are good for everything else.
    """

    kind: Kind
    path: str
    identities: tuple[str, ...]
    update: str = "PUT"
    optional: bool = False

    def collection(self, project: str) -> str:
        """Return the path of the collection."""
        return self.path.format(project=project)

    def item(self, project: str, identifier: str) -> str:
        """Return the path of one object."""
        return f"{self.collection(project)}{identifier}/"

    def identity(self, body: dict[str, Any]) -> str | None:
        """Return the identity of an object as it is read; None for one without."""
        found = (body.get(field) for field in self.identities)
        return next((value for value in found if isinstance(value, str) and value), None)


PROJECTS: Final = "/api/v1/projects/"

RESOURCES: Final = {
    resource.kind: resource
    for resource in (
        Resource(
            kind=Kind.SCHEDULE, path="/api/v1/schedules/", identities=("label",), optional=True
        ),
        Resource(kind=Kind.CHANNEL, path="/api/v1/channels/", identities=("label",)),
        Resource(kind=Kind.ALERT, path="/api/v1/projects/{project}/alerts/", identities=("name",)),
        Resource(
            kind=Kind.SLO,
            path="/api/v1/projects/{project}/slos/",
            identities=("name",),
            update="PATCH",
            optional=True,
        ),
        Resource(
            kind=Kind.DASHBOARD,
            path="/api/v1/projects/{project}/dashboards/",
            identities=("dashboard_slug", "slug"),
        ),
    )
}
"""In the order they are written in: what others refer to comes first."""
