"""All definitions together, as rules see them that judge more than one query."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from telemetry.definitions.loader import Definitions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from telemetry.definitions.declarations import Names
    from telemetry.definitions.queries import Query


@dataclass(frozen=True)
class Project:
    """Hold what there is to judge.

    Attributes:
        definitions: What could be read, and the problems of the rest.
        queries: All of their queries.
        names: What is declared.
        load_others: Loads the definitions beside those that are judged, which they may refer to.
    """

    definitions: Definitions
    queries: Sequence[Query]
    names: Names
    load_others: Callable[[], Definitions] = Definitions

    @cached_property
    def others(self) -> Definitions:
        """Definitions beside those that are judged."""
        return self.load_others()

    @cached_property
    def texts(self) -> Mapping[Path, str]:
        """The text of each file; of what is no text, what can be made of it."""
        texts = {}
        for file in self.definitions.files:
            try:
                texts[file] = file.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it is a problem of its own, which the definitions tell
        return texts
