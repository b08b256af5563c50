"""Whether a page is asked for again by itself, as its address says; ``static/live.js`` does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from starlette.requests import Request

_KEY: Final = "refresh"
_OFFERED: Final = 10


@dataclass(frozen=True, slots=True)
class Refresh:
    """Hold how a page is refreshed.

    Attributes:
        seconds: How often it is; 0 for never.
        offered: How often it could be.
        again: The page's own address, for now.
        other: Its address where that is switched on, or off.
        suffix: What addresses of the page's forms get, so that it stays as it is; "" for nothing.
    """

    seconds: int
    offered: int
    again: str
    other: str
    suffix: str


def read_refresh(request: Request) -> Refresh:
    """Return how a page is refreshed."""
    is_on = request.query_params.get(_KEY) == str(_OFFERED)
    kept = [
        (key, value)
        for key, value in request.query_params.multi_items()
        if key not in {_KEY, "done"}
    ]
    on = [(_KEY, str(_OFFERED))]
    path = request.url.path
    return Refresh(
        seconds=_OFFERED if is_on else 0,
        offered=_OFFERED,
        again=_address(path, kept + on if is_on else kept),
        other=_address(path, kept if is_on else kept + on),
        suffix=f"?{urlencode(on)}" if is_on else "",
    )


def _address(path: str, query: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
