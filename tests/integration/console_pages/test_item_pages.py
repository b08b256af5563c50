"""The pages of items: whatever telemetry says, it is shown and never run."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from lxml import html
from sent_spans import Sent, send

from telemetry.journeys import MOST_SPANS

if TYPE_CHECKING:
    from page_browser import Browser

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</summary></details></table><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raise %}",
    "javascript:alert(1)",
    "<style>*{display:none}</style>",
    "<a href=//evil.example>x</a><base href=//evil.example>",
]


def new_id() -> str:
    return secrets.token_hex(16)


def process(stage: str, task: str, **more: Any) -> dict[str, Any]:
    return {
        "messaging.operation.name": "process",
        "messaging.message.id": task,
        "stage": stage,
        "outcome": "succeeded",
        **more,
    }


def create(queue: str, task: str) -> dict[str, Any]:
    return {
        "messaging.operation.name": "create",
        "messaging.message.id": task,
        "messaging.destination.name": queue,
    }


def assert_harmless(text: str) -> html.HtmlElement:
    """Parse a page as a browser would, and look for whatever could do something."""
    page = html.document_fromstring(text)
    assert [] == page.xpath("//script | //img | //iframe | //base | //style | //object")
    assert [] == page.xpath("//@*[starts-with(name(), 'on')] | //@style")
    assert 2 == len(page.xpath("//link[@rel='stylesheet']"))
    for address in page.xpath("//@href | //@action | //@src"):
        assert address.startswith(("/", "#"))
        assert not address.startswith("//")
    return page


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_telemetry_is_text(emulator: str, browser: Browser, text: str) -> None:
    trace_id, task, scrape = new_id(), f"{text}{new_id()}", f"{text}{new_id()}"
    attributes = process(
        text, task, scrape_id=scrape, entity_ids=[text], outcome=text, attempt=text
    ) | {text: text, "messaging.destination.name": text}
    spans = [
        Sent(id=1, name=text, attributes=create(text, task)),
        Sent(id=2, parent=1, name=text, exception=text, attributes=attributes),
        Sent(id=3, name=text, attributes=create(text, new_id())),
    ]
    send(emulator, trace_id, spans, service=text)

    for address, query in (
        (f"/traces/{trace_id}", {}),
        ("/items", {"id": trace_id}),
        ("/items", {"id": scrape}),
        ("/items", {"id": task}),
    ):
        answer = browser.get(address, params=query)
        assert HTTPStatus.OK == answer.status_code
        page = assert_harmless(answer.text)
        names = page.xpath("//table[@class='waterfall']//summary")
        assert [text] * len(spans) == [name.text_content().strip() for name in names]
        assert [text] == page.xpath("//dt[normalize-space()=$text]/text()", text=text)[:1]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_id_is_text(browser: Browser, text: str) -> None:
    wanted = f"{text}{new_id()}"
    page = assert_harmless(browser.get("/items", params={"id": wanted, "last": text}).text)

    assert [wanted] == page.xpath("//input[@name='id']/@value")
    assert wanted in page.xpath("//p[@role='status']")[0].text_content()


@pytest.mark.parametrize("text", ["x" * 201, "a\0b"])
def test_what_cannot_be_an_id_is_told_so(browser: Browser, text: str) -> None:
    answer = browser.get("/items", params={"id": text})

    assert HTTPStatus.BAD_REQUEST == answer.status_code
    assert "ids have at most" in html.fromstring(answer.text).xpath("//p[@role='alert']")[0].text


def test_an_id_in_sql_matches_nothing_else(emulator: str, browser: Browser) -> None:
    send(emulator, new_id(), [Sent(id=1, attributes=process("sourcing", new_id()))])

    answer = browser.get("/items", params={"id": "' OR trace_id <> '"})

    assert "Nothing has the id" in answer.text


def test_a_task_that_never_began_is_shown_as_waiting_or_lost(
    emulator: str, browser: Browser
) -> None:
    trace_id, task = new_id(), new_id()
    spans = [
        Sent(id=1, attributes=process("sourcing", new_id())),
        Sent(id=2, parent=1, attributes=create("reading-queue", task)),
    ]
    send(emulator, trace_id, spans)

    page = html.fromstring(browser.get("/items", params={"id": task}).text)

    (row,) = page.xpath("//table[@class='journey']//tr[contains(., 'waiting or lost')]")
    assert "reading" == row.xpath("th")[0].text_content()
    assert "Waiting for reading" in page.xpath("//p[contains(@class,'summary')]")[0].text_content()


def test_circles_and_missing_parents_are_drawn_once_each(emulator: str, browser: Browser) -> None:
    trace_id = new_id()
    spans = [
        Sent(id=1, parent=2, name="one"),
        Sent(id=2, parent=1, name="two", at=1),
        Sent(id=3, parent=99, name="three", at=2),
    ]
    send(emulator, trace_id, spans)

    page = html.fromstring(browser.get(f"/traces/{trace_id}").text)
    rows = page.xpath("//table[@class='waterfall']/tbody/tr/th")

    assert [
        "level 1: three (its parent is missing)",
        "level 1: one (its parent is missing)",
        "level 2: two",
    ] == [
        " ".join(
            f"{row.xpath('.//span')[0].text} {row.xpath('.//summary')[0].text_content()}".split()
        )
        for row in rows
    ]


def test_what_is_cut_off_is_told(emulator: str, browser: Browser) -> None:
    trace_id, more = new_id(), 7
    spans = [Sent(id=n + 1, at=n / 1_000, name=f"n{n}") for n in range(MOST_SPANS + more)]
    send(emulator, trace_id, spans)

    page = html.fromstring(browser.get(f"/traces/{trace_id}").text)

    assert MOST_SPANS == len(page.xpath("//table[@class='waterfall']/tbody/tr"))
    assert [f"{more} later spans are cut off: the first {MOST_SPANS:,} are shown."] == [
        each.text_content() for each in page.xpath("//p[@role='status']")
    ]


def test_bars_lie_within_the_time_line(emulator: str, browser: Browser) -> None:
    trace_id = new_id()
    spans = [Sent(id=1, took=4), Sent(id=2, at=1, took=2), Sent(id=3, at=4, took=0)]
    send(emulator, trace_id, spans)

    page = html.fromstring(browser.get(f"/traces/{trace_id}").text)
    bars = [
        tuple(float(bar.get(key).rstrip("%")) for key in ("x", "width"))
        for bar in page.xpath("//td[@class='timeline']/svg/rect")
    ]

    assert [(0, 100), (25, 50)] == bars[:2]
    assert bars[2][0] + bars[2][1] == pytest.approx(100)
    assert ["0", "1 s", "2 s", "3 s", "4 s"] == page.xpath("//th/svg/text/text()")


@pytest.mark.parametrize("trace_id", ["nope", "0" * 31, "<script>"])
def test_what_is_no_trace_is_not_there(browser: Browser, trace_id: str) -> None:
    assert HTTPStatus.NOT_FOUND == browser.get(f"/traces/{trace_id}").status_code


def test_a_trace_of_which_nothing_is_kept_is_not_there(browser: Browser) -> None:
    assert HTTPStatus.NOT_FOUND == browser.get(f"/traces/{new_id()}").status_code
