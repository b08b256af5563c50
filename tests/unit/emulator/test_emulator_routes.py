from __future__ import annotations

import pytest

from functions.emulator.messages import Queue
from functions.emulator.records import HttpCall
from functions.emulator.routing import route


@pytest.mark.parametrize(
    ("url", "override", "routed"),
    [
        ("https://a.example/x?y=1", {}, "https://a.example/x?y=1"),
        ("https://a.example/x", {"host": "b.example"}, "https://b.example/x"),
        ("https://a.example:99/x", {"host": "b.example"}, "https://b.example:99/x"),
        ("http://[::1]:99/x", {"port": 80}, "http://[::1]:80/x"),  # brackets stay
        ("http://a.example:99/x", {"port": 0}, "http://a.example/x"),  # nought takes it away
        ("https://a.example/x", {"scheme": 1, "host": "[::1]"}, "http://[::1]/x"),
    ],
)
def test_a_queue_lays_its_override_over_a_tasks_url(
    url: str, override: dict[str, object], routed: str
) -> None:
    queue = Queue(http_target={"uri_override": override})
    call = HttpCall("POST", url, {}, b"", 10)

    assert routed == route(call, queue).url
