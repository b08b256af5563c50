"""A browser without scripts, and a program, on the admin pages of the toy pipeline."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
from lxml import html

from functions.admin import LocalIdentity, make_admin
from functions.runtime.dead_letters import DeadLetter
from functions.runtime.failed_tasks.filing import file_failed_task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toy_world import World

    from functions.admin import Identity

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
TOKEN = "a token that nobody guesses"
ORIGIN = "http://127.0.0.1:8642"

HOSTILE = (
    "</title><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>"
    "</textarea><style>*{color:red}</style><a href='javascript:alert(4)'>x</a>"
    "\"><b style='color:red'>"
)


def letter(task_id: str = "t1", **changes: Any) -> DeadLetter:
    """Return a letter of the toy pipeline."""
    facts: dict[str, Any] = {
        "task_id": task_id,
        "stage": "toy",
        "task_type": "toy_order",
        "function_name": "dpl_obey",
        "function_url": "http://functions.example/dpl_obey",
        "body": b'{"do": "fail"}',
        "error_type": "ValueError",
        "error_message": "the handler broke",
        "attempts": 3,
        "failed_at": NOW,
        "trace_id": "1" * 32,
        "stack_trace": "Traceback: line 1",
        "item_ids": ("order_id=o1",),
    }
    return DeadLetter(**facts | changes)


def file_many(world: World, amount: int, **changes: Any) -> None:
    """File as many failed tasks, each a second after the one before."""
    for number in range(amount):
        at = NOW + timedelta(seconds=number)
        file_failed_task(world.runtime.store, letter(f"t{number}", **{"failed_at": at} | changes))


def alive(page: html.HtmlElement) -> list[str]:
    """Return what in a page would run, style or lead out, and is not the page's own."""
    scripts = [each for each in page.xpath("//script") if each.text or "src" not in each.attrib]
    handlers = page.xpath("//@*[starts-with(name(), 'on')]")
    styles = [*page.xpath("//style"), *page.xpath("//@style")]
    pictures = page.xpath("//img | //svg | //iframe | //b")
    links = [
        each for each in page.xpath("//@href | //@action | //@formaction") if "javascript" in each
    ]
    return [str(each) for each in [*scripts, *handlers, *styles, *pictures, *links]]


@dataclass
class Admin:
    """Ask for pages as somebody who has come in."""

    world: World
    identity: Identity = field(default_factory=lambda: LocalIdentity(TOKEN))
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.app = make_admin(self.world.runtime, self.identity)

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request, from this machine unless ``client`` says otherwise."""
        headers = {**self.headers, **more.pop("headers", {})}
        return self.send_raw(method, path, list(headers.items()), **more)

    def send_raw(
        self, method: str, path: str, headers: list[tuple[str, str]], **more: Any
    ) -> httpx.Response:
        """Send a request with these headers only."""
        client = more.pop("client", ("127.0.0.1", 50_000))

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=client, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url=ORIGIN, cookies=self.cookies
            ) as browser:
                answer = await browser.request(method, path, headers=headers, **more)
                self.cookies.update(browser.cookies)
                return answer

        return asyncio.run(send())

    def come_in(self) -> Admin:
        """Exchange the token for a cookie."""
        assert 303 == self.send("GET", f"/login?token={TOKEN}").status_code
        return self

    def get(self, path: str) -> httpx.Response:
        return self.send("GET", path)

    def page(self, path: str) -> html.HtmlElement:
        answer = self.get(path)
        assert 200 == answer.status_code, answer.text
        return html.fromstring(answer.text)

    def form_token(self) -> str:
        """Return the token that forms have."""
        return str(
            self.page("/failed-tasks?status=all").xpath("//input[@name='form_token']/@value")[0]
        )

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form, as a page would."""
        data = {"form_token": self.form_token(), **fields}
        return self.send("POST", path, data=data, headers={"Origin": ORIGIN})

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """Call the API as a program."""
        headers = {"Authorization": f"Bearer {TOKEN}"} | self.headers
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else json.dumps(body).encode()
        return self.send(method, f"/api{path}", content=content, headers=headers)

    def data(self, failed_id: str) -> dict[str, Any]:
        """Return a failed task's document."""
        return self.world.data("failed_tasks", failed_id)
