from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from admin_client import Admin

if TYPE_CHECKING:
    from toy_world import World


@pytest.fixture
def admin(world: World) -> Admin:
    """Give a browser that has come in."""
    return Admin(world).come_in()
