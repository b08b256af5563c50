"""A dashboard's definition as Logfire gives it back: in Perses' form, less and more than was sent.

What the UI's export has beside it is dropped (annotations, links, timestamps, a version), and what
was left out is filled in. Which plugin a panel names is not looked at: Logfire does not either.

https://perses.dev/perses/docs/api/dashboard/
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    """Drop what it does not know."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class _OpenPart(_Part):
    """Keep what it does not know."""

    model_config = ConfigDict(extra="allow")


class Display(_Part):
    """Name something."""

    name: str = ""
    description: str | None = None


class Plugin(_OpenPart):
    """Name what draws or asks, whatever it is."""

    kind: str
    spec: dict[str, Any] = {}


class PanelSpec(_OpenPart):
    """Hold what a panel is."""

    display: Display = Display()
    plugin: Plugin
    queries: list[dict[str, Any]] = []


class Panel(_Part):
    """Hold a panel."""

    kind: Literal["Panel"] = "Panel"
    spec: PanelSpec


class Part(_OpenPart):
    """Hold a layout or a variable."""

    kind: str
    spec: dict[str, Any]


class Metadata(_Part):
    """Name the dashboard; None is filled in."""

    name: str | None = None
    project: str | None = None


class Spec(_Part):
    """Hold what a dashboard is."""

    display: Display = Display()
    panels: dict[str, Panel] = {}
    layouts: list[Part] = []
    variables: list[Part] = []
    duration: str = "1h"
    refresh_interval: str = Field("0s", alias="refreshInterval")
    datasources: dict[str, Any] = {}


class Definition(_Part):
    """Hold a dashboard's definition."""

    kind: Literal["Dashboard"]
    metadata: Metadata = Metadata()
    spec: Spec
