"""The first page, over a running emulator."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
from alert_console import serve
from alert_desk import BROKEN, AlertDesk, started
from lxml import html

from telemetry.configuration import ANY_TOKEN
from telemetry.console import make_console
from telemetry.console.alerts import alerts_section
from telemetry.console.catalogue import Catalogue
from telemetry.console.emulator import Emulator
from telemetry.console.home import home_section

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


@contextmanager
def home_of(address: str) -> Iterator[httpx.Client]:
    emulator = Emulator(address, ANY_TOKEN)
    app = make_console([home_section(Catalogue([]), emulator), alerts_section(emulator)])
    with serve(app) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


def test_alerts_that_fire_or_fail_are_named_and_lead_to_their_pages() -> None:
    with started("--no-alerts") as address, home_of(address) as client:
        desk = AlertDesk(address)
        assert "None is firing" in client.get("/").text

        fires, fails = desk.alert(name=HOSTILE, query="SELECT 1 AS n"), desk.alert(query=BROKEN)
        for each in (fires, fails, desk.alert(name="all is well")):
            desk.run(each)
        desk.close()
        page = html.fromstring(client.get("/").text)

    items = page.xpath("//ul[@class='loud']/li")
    assert [f"/alerts/{fires}", f"/alerts/{fails}"] == [each.xpath("a/@href")[0] for each in items]
    assert HOSTILE == items[0].xpath("a")[0].text_content()
    assert [] == page.xpath("//script | //main//img")


def test_without_an_emulator_the_page_says_so_and_leads_to_the_rest() -> None:
    with started("--no-alerts") as address:
        pass
    with home_of(address) as client:
        answer = client.get("/")

    page = html.fromstring(answer.text)
    assert f"{address} does not answer" in page.xpath("//main//*[@role='alert']")[0].text_content()
    assert ["/alerts"] == page.xpath("//main//nav//a/@href")
