"""Which alerts and panels have no test, and what those lack that have some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from telemetry.terminal import on_one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from telemetry.alerting.runner import Result
    from telemetry.alerting.subjects import Subject


@dataclass(frozen=True, slots=True)
class Coverage:
    """Say how well alerts and panels are tested.

    Attributes:
        untested: Alerts and panels without a test.
        without_rows: Those that have tests, but none in which there are rows: an alert that never
            fires, a panel that is always empty.
        never_quiet: Alerts that have tests, but none in which they stay quiet.
        alerts: How many alerts there are.
        panels: How many panels there are.
    """

    untested: tuple[Subject, ...]
    without_rows: tuple[Subject, ...]
    never_quiet: tuple[Subject, ...]
    alerts: int
    panels: int

    @property
    def percent(self) -> float:
        """Of all alerts and panels, how many lack nothing."""
        total = self.alerts + self.panels
        lacking = {*self.untested, *self.without_rows, *self.never_quiet}
        return 100.0 * (total - len(lacking)) / total if total else 100.0

    def lines(self) -> Iterator[str]:
        """Give what is to be said."""
        for subject in self.untested:
            yield f"{on_one_line(subject.title)}: has no test"
        for subject in self.without_rows:
            what = "has rows" if subject.dashboard else "fires"
            yield f"{on_one_line(subject.title)}: has no test in which it {what}"
        for subject in self.never_quiet:
            yield f"{on_one_line(subject.title)}: has no test in which it stays quiet"
        kinds = ((self.alerts, "alert"), (self.panels, "panel"))
        counts = [f"{number} {kind}{'s' * (number != 1)}" for number, kind in kinds if number]
        yield f"coverage {self.percent:.0f} % of {' and '.join(counts) or 'nothing'}"

    def as_json(self) -> dict[str, Any]:
        """Return it as a document."""
        return {
            "percent": round(self.percent, 1),
            "untested": _alerts(self.untested),
            "never_firing": _alerts(self.without_rows),
            "never_quiet": _alerts(self.never_quiet),
            "untested_panels": _panels(self.untested),
            "panels_without_rows": _panels(self.without_rows),
        }


def _alerts(subjects: Iterable[Subject]) -> list[str]:
    return [each.name for each in subjects if not each.dashboard]


def _panels(subjects: Iterable[Subject]) -> list[dict[str, str]]:
    return [
        {"dashboard": each.dashboard, "panel": each.name} for each in subjects if each.dashboard
    ]


def measure_coverage(results: Sequence[Result], subjects: Collection[Subject]) -> Coverage:
    """Return how well alerts and panels are tested.

    Args:
        results: Of all tests.
        subjects: All alerts and panels.
    """
    tested = {result.test.subject for result in results}
    filled = {result.test.subject for result in results if result.had_rows}
    quiet = {result.test.subject for result in results if result.had_none}
    panels = {each for each in subjects if each.dashboard}
    return Coverage(
        untested=tuple(sorted(set(subjects) - tested)),
        without_rows=tuple(sorted(tested - filled)),
        never_quiet=tuple(sorted(tested - quiet - panels)),
        alerts=len(subjects) - len(panels),
        panels=len(panels),
    )
