"""The management API without HTTP: one transaction for each call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from telemetry.emulator.http.refusals import Refusal
from telemetry.emulator.management.addresses import Addresses
from telemetry.emulator.management.alerts import describe_no_runs
from telemetry.emulator.management.database import Database

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType

    from telemetry.emulator.management.alerts import DescribeRuns
    from telemetry.emulator.management.bodies import Content
    from telemetry.emulator.management.resources import Resource
    from telemetry.emulator.management.rows import Row, Rows


class Management:
    """Keep the resources of the management API; a context manager for several threads.

    Every method takes the UUID of the project in the path, None where the path has none; it raises
    Refusal where the request cannot be done, and StoreUnavailable where the disk cannot.

    Args:
        folder: Where they are kept; it must be there, and be held by this process.
        describe_runs: Tells what an alert's runs have found; by default there were none.

    Attributes:
        addresses: Where webhooks lead, as far as that is known.

    Raises:
        StoreUnusable: What is kept there is damaged, foreign, or of another version.
    """

    def __init__(self, folder: Path, describe_runs: DescribeRuns = describe_no_runs) -> None:
        self._database = Database(folder)
        self.describe_runs = describe_runs
        self.addresses = Addresses()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def transaction(self) -> AbstractContextManager[Rows]:
        """Lend the resources as they are kept."""
        return self._database.transaction()

    def read_all(self, resource: Resource, project: str | None) -> list[Content]:
        """Return all of a kind, the oldest first."""
        with self._database.transaction() as rows:
            _check_project(rows, project)
            return [resource.show_listed(rows, row) for row in rows.all(resource.kind)]

    def read(self, resource: Resource, project: str | None, identifier: str) -> Content:
        """Return one."""
        with self._database.transaction() as rows:
            return resource.show(rows, _find(rows, resource, project, identifier))

    def create(self, resource: Resource, project: str | None, given: Content) -> Content:
        """Make one, and return it."""
        with self._database.transaction() as rows:
            _check_project(rows, project)
            _, shown = resource.create(rows, given)
            return shown

    def update(
        self, resource: Resource, project: str | None, identifier: str, given: Content
    ) -> Content:
        """Change one in the fields that are given, and return it."""
        with self._database.transaction() as rows:
            return resource.update(rows, _find(rows, resource, project, identifier), given)

    def delete(self, resource: Resource, project: str | None, identifier: str) -> None:
        """Remove one."""
        with self._database.transaction() as rows:
            row = _find(rows, resource, project, identifier)
            resource.check_unused(rows, row)
            rows.delete(row)
            resource.forget(rows, row)


def _check_project(rows: Rows, project: str | None) -> None:
    if project not in {None, rows.project_id}:
        raise Refusal(404, f"there is no project {project}")


def _find(rows: Rows, resource: Resource, project: str | None, identifier: str) -> Row:
    _check_project(rows, project)
    row = rows.find(resource.kind, identifier)
    if row is None:
        raise Refusal(404, f"there is no {resource.kind} {identifier}")
    return row
