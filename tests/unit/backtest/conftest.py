from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from backtest_history import NOW, EngineHistory, entries

from telemetry.alerting.evaluation import Evaluator
from telemetry.alerting.rows import make_rows
from telemetry.metrics import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    with Evaluator() as made:
        made.take(make_rows(entries(), NOW, CATALOGUE))
        yield made


@pytest.fixture
def history(evaluator: Evaluator) -> EngineHistory:
    return EngineHistory(evaluator)
