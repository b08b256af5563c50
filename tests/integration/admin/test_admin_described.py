"""The API does what its description says, whatever Schemathesis makes up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from admin_client import TOKEN, Admin, file_many

if TYPE_CHECKING:
    from toy_world import World

schemathesis = pytest.importorskip("schemathesis")


@pytest.fixture
def described_api(world: World) -> Any:
    file_many(world, 3)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return schemathesis.openapi.from_asgi(
        "http://127.0.0.1/api/openapi.json", Admin(world).app, headers=headers
    )


schema = schemathesis.pytest.from_fixture("described_api")


@schema.parametrize()  # type: ignore[untyped-decorator]
def test_every_answer_is_one_that_is_described(case: Any) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}"})
