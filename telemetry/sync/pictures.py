"""Pictures of the panels that a plan changes, before and after."""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from telemetry.preview.asking import AT_ONCE, Choice, fill_panel
from telemetry.preview.pictures import draw_panel, to_png
from telemetry.preview.themes import LIGHT
from telemetry.sync.changed_panels import find_changed_panels
from telemetry.sync.resources import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from telemetry.preview.asking import Answer
    from telemetry.preview.views import View
    from telemetry.sync.changed_panels import ChangedPanel, Version
    from telemetry.sync.plan import Plan
    from telemetry.sync.resources import Key

    Ask = Callable[[str, datetime], Answer]
    """Runs a query over the time since then. It may be called from several threads, and raises
    QueryError."""

    Pictures = Mapping[Key, Sequence["PanelPictures"]]
    """Of the panels that a plan changes, by dashboard."""

NO_DATA: Final = "no data in this time"

_NO_NAME: Final = re.compile(r"[^a-z0-9]+")
_MOST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class Picture:
    """Hold one side of a changed panel.

    Attributes:
        name: Of the file, below the folder of all pictures; "" where there is none.
        svg: What is in it, to be written as PNG.
        reason: Why there is none; "" where there is.
    """

    name: str = ""
    svg: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PanelPictures:
    """Hold the pictures of a changed panel.

    Attributes:
        title: What people call it.
        before: As it is.
        after: As it will be.
    """

    title: str
    before: Picture
    after: Picture


def draw_changes(plan: Plan, ask: Ask, until: datetime, seconds: float | None) -> Pictures:
    """Return the pictures of all panels that a plan changes, by dashboard.

    Both sides are of the same time, with the variables' defaults.

    Args:
        plan: The plan.
        ask: Whom to ask for rows.
        until: When the time ends that they show.
        seconds: How long it is; None for what the dashboard looks back, as it will be.
    """
    return {
        action.key: _draw_panels(action.identity, changed, ask, _choose(changed, until, seconds))
        for action in plan.actions
        if action.kind is Kind.DASHBOARD and (changed := find_changed_panels(action))
    }


def _draw_panels(
    slug: str, changed: Sequence[ChangedPanel], ask: Ask, choice: Choice
) -> tuple[PanelPictures, ...]:
    def fill(version: Version) -> View | None:
        return _fill(version, ask, choice)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        before = threads.map(fill, [panel.before for panel in changed])
        after = threads.map(fill, [panel.after for panel in changed])
        filled = list(zip(changed, before, after, strict=True))
    names = name_pictures(slug, [panel.key for panel in changed])
    return tuple(
        PanelPictures(
            panel.title,
            _draw(f"{name}-before.png", panel.before, its_before),
            _draw(f"{name}-after.png", panel.after, its_after),
        )
        for name, (panel, its_before, its_after) in zip(names, filled, strict=True)
    )


def save_pictures(drawn: Pictures, folder: Path) -> None:
    """Write pictures as PNG.

    Raises:
        OSError: They cannot be written.
    """
    for panels in drawn.values():
        for picture in (each for panel in panels for each in (panel.before, panel.after)):
            if picture.name:
                file = folder / picture.name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(to_png(picture.svg))


def name_pictures(slug: str, keys: Sequence[str]) -> list[str]:
    """Return the paths of panels' pictures, without ``-before.png``: each its own, on any disk.

    They are the same from plan to plan. What a key has that a file's name may not is told apart by
    a digest.

    Args:
        slug: Of the dashboard, the folder.
        keys: Of the panels.
    """
    names: dict[str, str] = {}
    for key in keys:
        name = _NO_NAME.sub("-", key.lower()).strip("-")[:_MOST_NAME] or "panel"
        if name != key.lower() or name in names.values():
            name = f"{name}-{hashlib.sha256(key.encode(errors='replace')).hexdigest()[:8]}"
        names[key] = name
    return [f"{slug}/{names[key]}" for key in keys]


def _choose(changed: Sequence[ChangedPanel], until: datetime, seconds: float | None) -> Choice:
    versions = [getattr(each, side) for side in ("after", "before") for each in changed]
    known: Any = next((each.dashboard for each in versions if each.dashboard is not None), None)
    span = seconds or (float(known.duration) if known is not None else 0.0)
    return Choice(since=until - timedelta(seconds=span), until=until)


def _fill(version: Version, ask: Ask, choice: Choice) -> View | None:
    if version.dashboard is None or version.panel is None or version.place is None:
        return None
    return fill_panel(
        version.dashboard,
        version.panel,
        version.place,
        lambda sql: ask(sql, choice.since),
        choice,
    )


def _draw(name: str, version: Version, view: View | None) -> Picture:
    if view is None:
        return Picture(reason=version.reason)
    if view.error:
        return Picture(reason=view.error)
    if view.is_empty:
        return Picture(reason=NO_DATA)
    return Picture(name, draw_panel(view, LIGHT))
