"""Several applies of the same definitions at the same moment."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from telemetry.cli.instances import Choice, open_project, read_definitions
from telemetry.cli.plan import plan_definitions
from telemetry.sync.apply import Applier, Outcome

if TYPE_CHECKING:
    from pathlib import Path


def apply_at_once(url: str, folder: Path) -> list[Outcome]:
    """Make three plans, carry them out once all are made, and return what became of them."""
    definitions, barrier = read_definitions(()), threading.Barrier(3)
    outcomes: list[Outcome] = []

    def apply() -> None:
        with open_project(Choice(url, None, folder)) as (api, project):
            plan, remote, secrets = plan_definitions(api, project, definitions)
            barrier.wait(30)
            outcomes.append(Applier(api, remote, secrets).apply(plan))

    threads = [threading.Thread(target=apply) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
