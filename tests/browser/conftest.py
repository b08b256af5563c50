"""A real browser, looking at pages that are really served."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from typing import TYPE_CHECKING, Any, Final

import pytest
import uvicorn
from playwright.sync_api import sync_playwright

from telemetry.child import ServingProcess
from telemetry.console import make_console
from telemetry.web_server import address_of, listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playwright.sync_api import Browser, Page, Request

    from telemetry.console import Section

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_REQUIRED: Final = "MYSTAGE_REQUIRE_BROWSER"
_PATIENCE: Final = 20_000
"""Milliseconds that a condition may take."""


# Not for the whole session: while Playwright runs, no other test has an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give a browser of this machine."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        reason = f"no browser here: none of {', '.join(_NAMES)} is on the PATH"
        if os.environ.get(_REQUIRED) == "1":
            pytest.fail(f"{reason}, and {_REQUIRED} is 1")
        pytest.skip(reason)
    with sync_playwright() as playwright:
        # In containers, where tests run as root, it has no sandbox of its own.
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        with contextlib.closing(opened):
            yield opened


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    """Give the URL of a Logfire emulator."""
    with ServingProcess("telemetry.cli.emulate", ["--temporary"], name="emulator") as process:
        yield process.address


@pytest.fixture
def serve() -> Iterator[Callable[[Sequence[Section]], str]]:
    """Give what serves a console of sections, and returns its URL."""
    with contextlib.ExitStack() as stack:
        yield lambda sections: stack.enter_context(_serve(sections))


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Give what opens a page with the options of a browser's context.

    A test fails where one of its pages ran, styled or loaded what it must not.
    """
    problems: list[str] = []
    with contextlib.ExitStack() as stack:

        def open_page(url: str, **options: Any) -> Page:
            context = stack.enter_context(contextlib.closing(browser.new_context(**options)))
            context.set_default_timeout(_PATIENCE)
            page = context.new_page()
            _watch(page, url, problems)
            page.goto(url)
            return page

        yield open_page
    assert [] == problems


@contextlib.contextmanager
def _serve(sections: Sequence[Section]) -> Iterator[str]:
    with listen(0) as listener:
        config = uvicorn.Config(
            make_console(sections),
            lifespan="on",
            loop="asyncio",
            ws="none",
            log_config=None,
            access_log=False,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), name="console")
        thread.start()
        try:
            yield address_of(listener)
        finally:
            server.should_exit = True
            thread.join()


def _watch(page: Page, url: str, problems: list[str]) -> None:
    """Note what a page must not do."""
    # The listening socket takes connections before the server does: nothing waits for it here.
    origin = "/".join(url.split("/")[:3]) + "/"

    def look_at(request: Request) -> None:
        if not request.url.startswith(origin):
            problems.append(f"asked {request.url}")

    def dismiss(dialog: Any) -> None:
        problems.append(f"opened a dialog: {dialog.message}")
        dialog.dismiss()

    page.on("request", look_at)
    page.on("dialog", dismiss)
    page.on("pageerror", lambda error: problems.append(f"raised {error}"))
    page.on(
        "console",
        lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None,
    )
