"""Panels of a dashboard and the variables their queries use."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from telemetry.definitions.models import Model, Name

COLUMNS: Final = 24
"""How wide a dashboard's grid is."""


class PanelKind(StrEnum):
    """What a panel shows; the names are those of the file."""

    TIME_SERIES = "time-series"
    BAR = "bar"
    PIE = "pie"
    TABLE = "table"
    VALUES = "values"
    GAUGE = "gauge"
    MARKDOWN = "markdown"


class QueryKind(StrEnum):
    """What a query's rows are: points over time, or anything else."""

    TIME_SERIES = "time-series"
    ROWS = "rows"


DEFAULT_SIZES: Final = {
    PanelKind.TIME_SERIES: (12, 8),
    PanelKind.BAR: (12, 8),
    PanelKind.PIE: (8, 8),
    PanelKind.TABLE: (24, 10),
    PanelKind.VALUES: (8, 4),
    PanelKind.GAUGE: (6, 6),
    PanelKind.MARKDOWN: (24, 4),
}
"""Width and height of a panel that does not say its own."""


class TextVariable(Model):
    """Define a variable that holds what is typed."""

    type: Literal["text"]
    name: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]
    """How queries name it: ``$name``."""
    label: str = ""
    default: str = ""


class ListVariable(Model):
    """Define a variable that holds one of some values, or several."""

    type: Literal["list"]
    name: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]
    """How queries name it: ``$name``, or ``ANY($name::text[])`` with ``multiple``."""
    label: str = ""
    values: Annotated[tuple[str, ...], Field(min_length=1)]
    multiple: bool = False
    """Whether several may be chosen."""
    all: bool = False
    """Whether "all" may be chosen."""
    default: str | tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _check_default(self) -> Self:
        chosen = (self.default,) if isinstance(self.default, str) else self.default or ()
        if unknown := [each for each in chosen if each not in self.values]:
            raise ValueError(f"default {unknown[0]!r} is none of its values")
        if isinstance(self.default, tuple) and not self.multiple:
            raise ValueError("several defaults need `multiple: true`")
        return self


Variable = Annotated[TextVariable | ListVariable, Field(discriminator="type")]


class Panel(Model):
    """Define a panel."""

    name: Name
    kind: PanelKind
    description: str = ""
    sql: str = ""
    """The SQL itself, or the path of an ``.sql`` file beside this one."""
    text: str = ""
    """Of a Markdown panel."""
    query: QueryKind | None = None
    """What the rows are; by default as the kind of panel wants them."""
    metrics: tuple[str, ...] = ()
    """The columns that are values, of a time-series query."""
    group_by: str = ""
    """The column whose values are the series, of a time-series query."""
    options: Annotated[dict[str, Any], Field(default_factory=dict)]
    """Of the panel's plugin, as Perses has them."""
    variables: tuple[Variable, ...] = ()
    """That only this panel has."""
    key: str = ""
    """What the panel is called within the definition; by default it is made of its name."""
    x: Annotated[int, Field(ge=0)] | None = None
    y: Annotated[int, Field(ge=0)] | None = None
    """Where it is; panels without a place follow one another."""
    width: Annotated[int, Field(ge=1)] | None = None
    height: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _check_content(self) -> Self:
        if (self.kind is PanelKind.MARKDOWN) != bool(self.text) or (
            self.kind is PanelKind.MARKDOWN
        ) == bool(self.sql):
            raise ValueError("a markdown panel has `text`, any other has `sql`")
        if (self.x is None) != (self.y is None):
            raise ValueError("a place is `x` and `y`, or neither")
        return self

    @property
    def query_kind(self) -> QueryKind:
        """What the rows of its query are."""
        if self.query is not None:
            return self.query
        return QueryKind.TIME_SERIES if self.kind is PanelKind.TIME_SERIES else QueryKind.ROWS

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        width, height = DEFAULT_SIZES[self.kind]
        return self.width or width, self.height or height
