"""Groups of commands that are found by their entry points.

A verb of ``mystage`` is a click command registered under ``mystage.verbs``, so that the toolkit
works without the pipeline, and another package can add a verb of its own. The same goes for what
``mystage emulate`` can emulate, under ``mystage.emulators``.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any, Final

import click

VERBS: Final = "mystage.verbs"
EMULATORS: Final = "mystage.emulators"


class EntryPointGroup(click.Group):
    """Find commands by their entry points, and import only the one that is asked for.

    Args:
        entry_point_group: Where they are registered.
    """

    def __init__(self, *args: Any, entry_point_group: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._group = entry_point_group

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands' names."""
        return sorted(point.name for point in entry_points(group=self._group))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command; None where there is none of that name."""
        for point in entry_points(group=self._group, name=cmd_name):
            command = point.load()
            if isinstance(command, click.Command):
                return command
        return None
