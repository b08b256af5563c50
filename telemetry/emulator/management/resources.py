"""What every resource of the API has: bodies, what is kept of them, what is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from telemetry.emulator.management.bodies import Body, Content, check_body

if TYPE_CHECKING:
    from telemetry.emulator.management.rows import Row, Rows

AUTHOR: Final = "API key"
"""Who has made and changed everything."""


class Resource:
    """Say how one kind of resource is made, changed and shown; the rules differ, the verbs do not.

    A subclass overrides what is special about it.
    """

    kind: ClassVar[str]
    """What one is called."""
    collection: ClassVar[str]
    """The last part of the path of all of them."""
    in_project: ClassVar[bool] = True
    """Whether they belong to a project; otherwise to the organisation."""
    creation: ClassVar[type[Body] | None] = None
    """The body that makes one; None where none can be made."""
    changes: ClassVar[type[Body] | None] = None
    """The body that changes one; None where what is kept, with the changes, must be a creation."""
    update_method: ClassVar[str | None] = "PUT"
    """None where none can be changed."""
    deletable: ClassVar[bool] = True

    def create(self, rows: Rows, given: Content) -> tuple[Row, Content]:
        """Keep a new one, and return it with what is answered.

        Raises:
            Refusal: It cannot be kept as it is.
        """
        assert self.creation is not None  # noqa: S101 - no route leads here
        content = self.complete(self.begin(check_body(self.creation, given).content()))
        self.check_references(rows, content)
        row = rows.insert(self.kind, content, self.identity(content))
        return row, self.show_changed(rows, row)

    def update(self, rows: Rows, row: Row, given: Content) -> Content:
        """Change one in the fields that are given, and return what is answered.

        Raises:
            Refusal: It cannot be kept like that.
        """
        if self.changes is not None:
            content = row.content | check_body(self.changes, given).given()
        else:
            assert self.creation is not None  # noqa: S101 - no route leads here
            content = check_body(self.creation, row.content | given).content()
        content = self.complete(content)
        self.check_references(rows, content)
        return self.show_changed(rows, rows.update(self.kind, row, content, self.identity(content)))

    def begin(self, content: Content) -> Content:
        """Return what a new one is, whatever its body says."""
        return content

    def complete(self, content: Content) -> Content:
        """Return what is kept: with what the server decides."""
        return content

    def identity(self, content: Content) -> str | None:  # noqa: ARG002 - for subclasses
        """Return what no other one may be called; None where all may be called alike."""
        return None

    def check_references(self, rows: Rows, content: Content) -> None:
        """Make sure that everything is there which it refers to.

        Raises:
            Refusal: Something is not.
        """

    def check_unused(self, rows: Rows, row: Row) -> None:
        """Make sure that it can be deleted.

        Raises:
            Refusal: Something refers to it.
        """

    def forget(self, rows: Rows, row: Row) -> None:
        """Forget what is known of one beside what is kept: it is being deleted."""

    def show(self, rows: Rows, row: Row) -> Content:
        """Return one as it is read."""
        return self.describe(rows, row) | row.content

    def show_changed(self, rows: Rows, row: Row) -> Content:
        """Return one as it is answered when it was made or changed."""
        return self.show(rows, row)

    def show_listed(self, rows: Rows, row: Row) -> Content:
        """Return one as it is among others."""
        return self.show(rows, row)

    def describe(self, rows: Rows, row: Row) -> dict[str, Any]:
        """Return what the server knows of it."""
        owner = {"project_id": rows.project_id} if self.in_project else {}
        return {
            "id": row.id,
            **owner,
            "organization_id": rows.organization_id,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
            "created_by_name": AUTHOR,
            "updated_by_name": AUTHOR,
        }
