"""Colours of pictures, light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

FONT: Final = "Inter, Helvetica, Arial, sans-serif"

_SERIES: Final = (
    "#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#ff9da7",
    "#9c755f", "#bab0ac",
)  # fmt: skip
"""Tableau's ten, which stay apart for people who see colours differently."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Hold the colours of a picture.

    Attributes:
        name: ``light`` or ``dark``.
        page: Behind the panels.
        card: Of a panel.
        border: Around it.
        text: Of titles and values.
        quiet: Of labels and axes.
        grid: Of lines behind a chart.
        bad: Of errors and of what is above a threshold.
    """

    name: str
    page: str
    card: str
    border: str
    text: str
    quiet: str
    grid: str
    bad: str

    def config(self) -> dict[str, Any]:
        """Return the configuration of a Vega-Lite chart."""
        words = {"font": FONT, "labelFont": FONT, "titleFont": FONT}
        return {
            "background": None,
            "font": FONT,
            "view": {"stroke": None},
            "range": {"category": list(_SERIES)},
            "axis": {
                **words,
                "labelColor": self.quiet,
                "titleColor": self.quiet,
                "gridColor": self.grid,
                "domainColor": self.border,
                "tickColor": self.border,
                "labelFontSize": 11,
                "titleFontSize": 11,
                "titleFontWeight": "normal",
                "labelLimit": 0,
            },
            "legend": {
                "labelColor": self.text,
                "titleColor": self.quiet,
                "labelFont": FONT,
                "labelFontSize": 11,
                "orient": "bottom",
                "title": None,
                "columns": 4,
                "labelLimit": 0,
            },
        }


LIGHT: Final = Theme(
    "light", "#f4f5f7", "#ffffff", "#d9dde3", "#1c2430", "#5b6675", "#e8ebef", "#c9302c"
)
DARK: Final = Theme(
    "dark", "#12161c", "#1b212a", "#313a46", "#e6eaf0", "#9aa5b4", "#2a323d", "#ff7b72"
)
THEMES: Final = {theme.name: theme for theme in (LIGHT, DARK)}
