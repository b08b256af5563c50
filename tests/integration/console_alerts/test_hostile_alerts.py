"""Whatever alerts, rows, receivers and messages say, it is shown and never comes alive."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from alert_desk import AlertDesk, literal, wait_for
from lxml import html

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

HOSTILE = [
    "<script>alert(1)</script>",
    "</title></script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</summary></details></table></pre><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raise %}",
    "[x](javascript:alert(1)) <javascript:alert(1)|x>",
    "<style>*{display:none}</style>",
    "<a href=//evil.example>x</a><base href=//evil.example>",
    "![x](https://evil.example/pixel.png)",
]


@contextmanager
def answering(text: str) -> Iterator[str]:
    """Refuse whatever is posted, with a text."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(400)
            content = text.encode()
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def assert_harmless(text: str) -> html.HtmlElement:
    """Parse a page as a browser would, and look for whatever could do something."""
    page = html.document_fromstring(text)
    dead = "//script | //img | //iframe | //base | //style | //object | //meta[@http-equiv]"
    assert [] == page.xpath(dead)
    assert [] == page.xpath("//@*[starts-with(name(), 'on')] | //@style")
    assert 2 == len(page.xpath("//link[@rel='stylesheet']"))
    for address in page.xpath("//link/@href | //@action | //@src | //@formaction"):
        assert address.startswith("/")
        assert not address.startswith("//")
    for address in page.xpath("//a/@href"):  # a description may have links to the web
        assert address.startswith(("/", "#", "https://"))
        assert not address.startswith("//")
    return page


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_alerts_are_text(console: httpx.Client, desk: AlertDesk, text: str) -> None:
    query = f"SELECT {literal(text)} AS trace_id, {literal(text)} AS {quoted(text)}"
    with answering(text) as url:
        alert = desk.alert(
            desk.channel(url, label=text),
            name=f"{text} {id(url)}",
            description=f"{text}\n\n{text}",
            query=query,
            environments=[],
        )
        desk.run(alert)
        wait_for(lambda: desk.deliveries(alert)[0]["state"] == "failed")

    listed = assert_harmless(console.get("/alerts").text)
    page = assert_harmless(console.get(f"/alerts/{alert}").text)

    assert text in listed.xpath(f"//a[@href='/alerts/{alert}']")[0].text
    assert f"{text} {id(url)}" == page.xpath("//h1")[0].text
    cells = [each.text_content() for each in page.xpath("//table[@class='rows']//td")]
    assert [text, text] == cells
    assert text == page.xpath("//table[@class='rows']//th")[1].text
    assert text == page.xpath("//ol[@class='attempts']//q")[0].text
    assert [query] == page.xpath("//details[summary='SQL']/pre/text()")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_messages_are_text(console: httpx.Client, text: str) -> None:
    block = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    attachment = {"title": text, "title_link": text, "text": text, "color": text}
    message = {"channel": text[:80], "text": text}
    posted = post(console, message | {"blocks": [block], "attachments": [attachment]})
    post(console, message | {"thread_ts": posted["ts"]})

    page = assert_harmless(console.get("/slack").text)

    [thread] = page.xpath("//article")
    assert f"#{text[:80]}" == thread.xpath("h2")[0].text_content()
    assert 2 == len(thread.xpath(".//div[@class='message']"))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_addresses_are_text(console: httpx.Client, desk: AlertDesk, text: str) -> None:
    alert = desk.alert()
    hostile = {"refresh": text, "done": text, "x": text, text: text}

    assert HTTPStatus.NOT_FOUND == console.get("/alerts", params={"state": text}).status_code
    for answer in (
        console.get("/alerts", params={"state": text}),
        console.get("/alerts", params=hostile),
        console.get(f"/alerts/{alert}", params=hostile),
        console.get(f"/alerts/{alert}", params={"before": text}),
        console.get("/slack", params=hostile | {"show": text}),
    ):
        page = html.document_fromstring(answer.text)
        assert [] == page.xpath("//script | //img | //base | //style | //@onmouseover | //@onload")


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def post(console: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    answer = console.post(
        "/slack/api/chat.postMessage", json=body, headers={"Authorization": "Bearer any"}
    ).json()
    assert answer["ok"], answer
    return dict(answer)
