from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from management_client import Api

from telemetry.emulator.alerting import Alerting, AlertOptions, Journal
from telemetry.emulator.engine import Engine
from telemetry.emulator.http.app import make_app
from telemetry.emulator.intake import Decoders
from telemetry.emulator.management import Management
from telemetry.emulator.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.applications import Starlette

    OpenApp = Callable[..., Starlette]


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Decoders, Engine]]:
    """Give what else an emulator is made of, once: the management API does not touch it."""
    with (
        Store(tmp_path_factory.mktemp("store") / "logfire") as store,
        Decoders(1) as decoders,
        Engine(store) as engine,
    ):
        yield store, decoders, engine


@pytest.fixture
def open_app(tmp_path: Path, services: tuple[Store, Decoders, Engine]) -> Iterator[OpenApp]:
    """Open applications on the folder of the test, one after the other."""
    with contextlib.ExitStack() as stack:

        def open_it(token: str | None = None) -> Starlette:
            stack.close()
            journal = stack.enter_context(Journal(tmp_path))
            management = stack.enter_context(Management(tmp_path, journal.describe_runs))
            # Not entered: nothing runs by itself.
            alerting = Alerting(journal, management, services[2], AlertOptions(), say=print)
            return make_app(*services, management, alerting, token=token)

        yield open_it


@pytest.fixture
def api(open_app: OpenApp) -> Api:
    return Api(open_app())
