"""Which panels of a dashboard a plan changes: as they are, and as they will be."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from telemetry.definitions import Dashboard
from telemetry.definitions.perses import panel_keys
from telemetry.sync.perses_reading import read_dashboard
from telemetry.sync.shapes import as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telemetry.definitions import Panel
    from telemetry.definitions.dashboards import Place
    from telemetry.sync.plan import Action

ABSENT: Final = "not there"
FOREIGN: Final = (
    "not drawn: its dashboard has what a definition cannot say, as panels of unknown kinds or with"
    " several queries"
)

_VARIABLE: Final = re.compile(r"\$\{?(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Hold a panel on one side of a change.

    Attributes:
        panel: The panel; None where it cannot be drawn.
        place: Where it is in its group; None as well.
        dashboard: Whose it is, which declares its variables; None as well.
        reason: Why it cannot be drawn; "" where it can.
    """

    panel: Panel | None = None
    place: Place | None = None
    dashboard: Dashboard | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPanel:
    """Hold a panel that looks otherwise after a change, or asks otherwise.

    Attributes:
        key: What it is called within its dashboard.
        title: What people call it.
        before: As it is.
        after: As it will be.
    """

    key: str
    title: str
    before: Version
    after: Version


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """Hold a dashboard on one side of a change, by the keys of its panels.

    Attributes:
        dashboard: As a definition; None where it is none.
        forms: What there is of a panel to draw it by, in the order of the grid.
        titles: What people call them.
        drawable: Panels and places of the definition.
    """

    dashboard: Dashboard | None = None
    forms: Mapping[str, Any] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    drawable: Mapping[str, tuple[Panel, Place]] = field(default_factory=dict)

    def version(self, key: str) -> Version:
        """Return a panel."""
        if key not in self.forms:
            return Version(reason=ABSENT)
        if key not in self.drawable:
            return Version(reason=FOREIGN)
        panel, place = self.drawable[key]
        return Version(panel=panel, place=place, dashboard=self.dashboard)


def find_changed_panels(action: Action) -> tuple[ChangedPanel, ...]:
    """Return the panels of a dashboard that an action changes, in the order they will have.

    One that only moves is none of them: it looks as before. One that is renamed is two: its name is
    what tells panels apart.

    Args:
        action: What is done to a dashboard.
    """
    before, after = (_read(action.identity, each or {}) for each in (action.before, action.after))
    return tuple(
        ChangedPanel(
            key=key,
            title=after.titles.get(key) or before.titles.get(key) or key,
            before=before.version(key),
            after=after.version(key),
        )
        for key in dict.fromkeys([*after.forms, *before.forms])
        if before.forms.get(key) != after.forms.get(key)
    )


def _read(slug: str, view: Mapping[str, Any]) -> _Side:
    form = {key: value for key, value in view.items() if key != "managed_by"}
    spec = as_mapping(as_mapping(form.get("definition")).get("spec"))
    panels = as_mapping(spec.get("panels"))
    if not panels:
        return _Side()
    sizes = _find_sizes(spec)
    keys = [key for key in dict.fromkeys([*sizes, *panels]) if key in panels]
    data = read_dashboard(slug, form)
    dashboard = Dashboard.model_validate(data) if data is not None else None
    drawable: dict[str, tuple[Panel, Place]] = {}
    if dashboard is not None:
        places = [place for group in dashboard.groups for place in group.places]
        found = zip(dashboard.panels, places, strict=True)
        drawable = dict(zip(panel_keys(dashboard), found, strict=True))
    return _Side(
        dashboard=dashboard,
        forms={key: (panels[key], sizes.get(key), _find_variables(spec, key)) for key in keys},
        titles={key: _title(panels[key]) for key in keys},
        drawable=drawable,
    )


def _find_sizes(spec: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return width and height of each panel that has a place, in the order of the grid."""
    return {
        str(as_mapping(as_mapping(item).get("content")).get("$ref")).rpartition("/")[2]: (
            as_mapping(item).get("width"),
            as_mapping(item).get("height"),
        )
        for layout in as_list(spec, "layouts")
        for item in as_list(as_mapping(as_mapping(layout).get("spec")), "items")
    }


def _find_variables(spec: Mapping[str, Any], key: str) -> list[Any]:
    """Return the dashboard's variables that a panel's queries name."""
    inner = as_mapping(as_mapping(as_mapping(spec.get("panels")).get(key)).get("spec"))
    named = set(_VARIABLE.findall(str(as_list(inner, "queries"))))
    return [
        each
        for each in as_list(spec, "variables")
        if as_mapping(as_mapping(each).get("spec")).get("name") in named
    ]


def _title(panel: Any) -> str:
    display = as_mapping(as_mapping(as_mapping(panel).get("spec")).get("display"))
    return str(display.get("name") or "")
