"""The frame of all pages: what a browser is told, and who is answered."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from telemetry.console import Section, make_console, render

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

HERE = "http://127.0.0.1:8642"
HOSTILE = "<script>alert(1)</script>"


async def page(request: Request) -> Response:
    return render(request, "refusal.html", {"title": "A page", "message": HOSTILE})


async def act(request: Request) -> Response:
    return PlainTextResponse("done")


async def refuse(request: Request) -> Response:
    raise HTTPException(404, HOSTILE)


async def fail(request: Request) -> Response:
    raise RuntimeError("the secret is 4711")


def app_of(*sections: Section) -> Starlette:
    pages = Section(
        title="Pages",
        path="/page",
        routes=[
            Route("/page", page),
            Route("/act", act, methods=["POST"]),
            Route("/refuse", refuse),
            Route("/fail", fail),
        ],
    )
    return make_console([pages, *sections])


def client_of(*sections: Section) -> AsyncClient:
    transport = ASGITransport(app_of(*sections), raise_app_exceptions=False)
    return AsyncClient(transport=transport, base_url=HERE)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/page", 200), ("/nothing", 404), ("/refuse", 404), ("/act", 405), ("/fail", 500)],
)
async def test_every_answer_binds_the_browser(path: str, status: int) -> None:
    answer = await client_of().get(path)
    assert status == answer.status_code
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert ("nosniff", "no-store", "same-origin", "same-origin") == tuple(
        answer.headers[name]
        for name in (
            "x-content-type-options",
            "cache-control",
            "referrer-policy",
            "cross-origin-resource-policy",
        )
    )


@pytest.mark.parametrize("path", ["/page", "/refuse", "/nothing"])
async def test_what_strangers_wrote_is_text(path: str) -> None:
    text = (await client_of().get(path)).text
    assert "<script>" not in text
    assert '<main id="main"' in text


async def test_a_bug_is_answered_without_its_words() -> None:
    text = (await client_of().get("/fail")).text
    assert "RuntimeError" in text
    assert "4711" not in text


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8642", "localhost:1"])
async def test_pages_are_there_by_the_names_of_this_machine(host: str) -> None:
    assert 200 == (await client_of().get("/page", headers={"Host": host})).status_code


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8642", "", "10.0.0.1"]
)
async def test_a_name_that_was_pointed_here_is_refused(host: str) -> None:
    answer = await client_of().get("/page", headers={"Host": host})
    assert 400 == answer.status_code
    assert "A page" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": HERE},
        {"Origin": HERE, "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_a_form_of_these_pages_and_a_program_may_act(headers: dict[str, str]) -> None:
    assert "done" == (await client_of().post("/act", headers=headers)).text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": HERE, "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_another_site_may_not_act(headers: dict[str, str]) -> None:
    answer = await client_of().post("/act", headers=headers)
    assert 403 == answer.status_code
    assert "done" != answer.text


async def test_the_navigation_says_where_one_is() -> None:
    text = (await client_of(Section(title="Other", path="/other", routes=[])).get("/page")).text
    assert '<a href="/page" aria-current="page">Pages</a>' in text
    assert '<a href="/other">Other</a>' in text


async def test_a_section_is_open_while_the_console_serves() -> None:
    said = []

    @asynccontextmanager
    async def open_section() -> AsyncIterator[None]:
        said.append("opened")
        yield
        said.append("closed")

    section = Section(title="S", path="", routes=[], lifespan=open_section)
    app = app_of(section)
    async with app.router.lifespan_context(app):
        assert ["opened"] == said
    assert ["opened", "closed"] == said


@pytest.mark.parametrize("name", ["console.css", "dashboards.css", "console.js", "icon.svg"])
async def test_what_pages_need_comes_from_here(name: str) -> None:
    assert 200 == (await client_of().get(f"/static/{name}")).status_code


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/"])
async def test_nothing_else_is_served(path: str) -> None:
    assert 404 == (await client_of().get(path)).status_code
