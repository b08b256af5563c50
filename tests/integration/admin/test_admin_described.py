"""The API does what its description says, whatever Schemathesis makes up."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import pytest
import schemathesis
import uvicorn
from admin_client import TOKEN, Admin, file_many
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import positive_data_acceptance

from functions.admin.api.operations import OPERATIONS
from telemetry.web_server import address_of, listen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toy_world import World

    from functions.admin.api.operations import Operation

HEADERS: Final = {"Authorization": f"Bearer {TOKEN}"}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def described_api(world: World) -> Iterator[Any]:
    """Serve the pages, and read the description of their API."""
    file_many(world, 3)
    with listen(0) as listener:
        server = uvicorn.Server(
            uvicorn.Config(
                Admin(world).app, ws="none", loop="asyncio", log_config=None, access_log=False
            )
        )
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield schemathesis.openapi.from_url(
                f"{address_of(listener)}/api/openapi.json", headers=HEADERS
            )
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_every_answer_is_one_that_is_described(operation: Operation, described_api: Any) -> None:
    # Not by Schemathesis' own plugin, which this release of pytest has no place for.
    described = described_api[f"/api{operation.path}"][operation.method]
    modes = list(GenerationMode)

    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(*(described.as_strategy(generation_mode=mode) for mode in modes)))
    def ask(case: Any) -> None:
        # What fields have to do with one another, the description cannot say.
        case.call_and_validate(headers=HEADERS, excluded_checks=[positive_data_acceptance])

    ask()
