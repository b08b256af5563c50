"""The page of an alert: how it stands, its runs, its deliveries, and what can be done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from alert_desk import BROKEN, NOTHING, TWO_ROWS, AlertDesk, wait_for
from lxml import html

from telemetry.console.alerts import SNOOZES
from telemetry.definitions.durations import parse_duration

if TYPE_CHECKING:
    import httpx

UNKNOWN = "5b1e2f43-6a5c-4b57-8e5e-1f1e6ad0a6c5"
TRACE = "0af7651916cd43dd8448eb211c80319c"
NOBODY_LISTENS = "http://127.0.0.1:9/"


def read(console: httpx.Client, alert: str, **query: str) -> html.HtmlElement:
    answer = console.get(f"/alerts/{alert}", params=query)
    assert HTTPStatus.OK == answer.status_code
    return html.fromstring(answer.text)


def summary_of(page: html.HtmlElement) -> str:
    [element] = page.xpath("//p[contains(@class, 'summary')]/strong")
    return " ".join(element.text_content().split())


def words_of(elements: list[html.HtmlElement]) -> list[str]:
    return [" ".join(each.text_content().split()) for each in elements]


def test_a_firing_alert_shows_its_rows_and_its_delivery(
    console: httpx.Client, desk: AlertDesk
) -> None:
    channel = desk.channel(f"{console.base_url}/slack/services/T/B/x", format_="slack-blockkit")
    query = f"SELECT 'refund' AS span_name, '{TRACE}' AS trace_id, '{TRACE}' AS other, 3 AS n"
    alert = desk.alert(channel, name="Errors", query=query)
    run = desk.run(alert)
    wait_for(lambda: desk.deliveries(alert)[0]["state"] == "delivered")

    page = read(console, alert)

    assert f"● Firing since {run['at'][11:19]} UTC: 1 row in the last run." == summary_of(page)
    assert ["span_name", "trace_id", "other", "n"] == words_of(
        page.xpath("//table[@class='rows']//th")
    )
    assert ["refund", TRACE, TRACE, "3"] == words_of(page.xpath("//table[@class='rows']//td"))
    assert [f"/traces/{TRACE}"] == page.xpath("//table[@class='rows']//a/@href")
    [delivery] = page.xpath("//table[@class='deliveries']/tbody/tr")
    assert "✓ delivered" == words_of(delivery.xpath("td[2]"))[0]
    assert words_of(delivery.xpath(".//li"))[0].endswith(": 200 ok")
    assert "Firing: Errors" in delivery.xpath(".//pre")[0].text
    assert [] == delivery.xpath(".//button")
    slack = html.fromstring(console.get("/slack").text)
    assert any("Firing: Errors" in each for each in slack.xpath("//article//text()"))


def test_a_delivery_that_failed_can_be_tried_again(console: httpx.Client, desk: AlertDesk) -> None:
    alert = desk.alert(desk.channel(NOBODY_LISTENS, label="pager"), query=TWO_ROWS)
    desk.run(alert)
    wait_for(lambda: desk.deliveries(alert)[0]["attempts"])
    [form] = read(console, alert).xpath("//table[@class='deliveries']//form")
    tried = len(desk.deliveries(alert)[0]["attempts"])

    answer = console.post(form.get("action"), data={})

    assert HTTPStatus.SEE_OTHER == answer.status_code
    assert "Retry delivery to pager of" in form.xpath("button/@aria-label")[0]
    wait_for(lambda: len(desk.deliveries(alert)[0]["attempts"]) > tried)
    page = read(console, alert)
    assert "nothing listens there" in words_of(page.xpath("//ol[@class='attempts']/li"))[-1]


def test_an_alert_is_run_by_hand(console: httpx.Client, desk: AlertDesk) -> None:
    alert = desk.alert(query=TWO_ROWS)
    assert "No data: it was not run so far. It does not run by itself." in summary_of(
        read(console, alert)
    )

    answer = console.post(f"/alerts/{alert}/run", data={}, follow_redirects=True)

    assert HTTPStatus.OK == answer.status_code
    assert ["It was run; the run is the newest below."] == words_of(
        html.fromstring(answer.text).xpath("//p[@id='told']")
    )
    assert ["● matches"] == words_of(read(console, alert).xpath("//table[@class='runs']//td[1]"))[
        :1
    ]
    assert 1 == len(desk.runs(alert))


@pytest.mark.parametrize("chosen", SNOOZES)
def test_an_alert_is_snoozed_and_woken(console: httpx.Client, desk: AlertDesk, chosen: str) -> None:
    alert = desk.alert(desk.channel(NOBODY_LISTENS), query=TWO_ROWS)
    [form] = read(console, alert).xpath("//form[contains(@action, 'snooze')]")
    before = datetime.now(UTC)

    answer = console.post(form.get("action"), data={"for": chosen})

    assert f"/alerts/{alert}?done=snoozed#told" == answer.headers["Location"]
    until = datetime.fromisoformat(desk.standing(alert)["snoozed_until"])
    late = until - before - timedelta(seconds=parse_duration(chosen))
    assert timedelta(0) <= late < timedelta(minutes=1)
    desk.run(alert)
    page = read(console, alert)
    assert summary_of(page).endswith("it tells nobody. The last run found 2 rows.")
    assert "snoozed until" in words_of(page.xpath("//table[@class='runs']//td[3]"))[0]
    assert [] == desk.deliveries(alert)

    [wake] = page.xpath("//form[contains(@action, 'wake')]")
    console.post(wake.get("action"), data={})

    assert "firing" == desk.standing(alert)["state"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"for=1y", HTTPStatus.BAD_REQUEST),
        (b"", HTTPStatus.BAD_REQUEST),
        (b"for=%ff", HTTPStatus.BAD_REQUEST),
        ("for=1h\u00e9".encode(), HTTPStatus.BAD_REQUEST),
        (b"a=1&" * 200, HTTPStatus.BAD_REQUEST),
        (b"for=" + b"1" * 2_000, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    ],
)
def test_a_form_that_is_none_snoozes_nothing(
    console: httpx.Client, desk: AlertDesk, content: bytes, status: int
) -> None:
    alert = desk.alert()

    answer = console.post(
        f"/alerts/{alert}/snooze",
        content=content,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert status == answer.status_code
    assert desk.standing(alert)["snoozed_until"] is None


def test_a_form_of_another_type_snoozes_nothing(console: httpx.Client, desk: AlertDesk) -> None:
    alert = desk.alert()

    answer = console.post(f"/alerts/{alert}/snooze", json={"for": "1h"})

    assert HTTPStatus.UNSUPPORTED_MEDIA_TYPE == answer.status_code
    assert desk.standing(alert)["snoozed_until"] is None


@pytest.mark.parametrize("action", ["snooze", "wake", "run", f"deliveries/{UNKNOWN}/retry"])
def test_other_sites_do_nothing(console: httpx.Client, desk: AlertDesk, action: str) -> None:
    alert = desk.alert()

    answer = console.post(
        f"/alerts/{alert}/{action}",
        data={"for": "1h"},
        headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    )

    assert HTTPStatus.FORBIDDEN == answer.status_code
    assert ([], None) == (desk.runs(alert), desk.standing(alert)["snoozed_until"])


def test_a_run_that_failed_says_why(console: httpx.Client, desk: AlertDesk) -> None:
    alert = desk.alert(query=BROKEN)
    error = desk.run(alert)["error"]

    page = read(console, alert)

    assert f"✗ The last run failed: {error}" == summary_of(page)
    assert [error] == words_of(page.xpath("//table[@class='runs']//span[@class='bad']"))


def test_it_fires_since_the_first_run_that_found_something(
    console: httpx.Client, desk: AlertDesk
) -> None:
    alert = desk.alert(query=NOTHING)
    desk.run(alert)
    assert "✓ OK: the last run found nothing." == summary_of(read(console, alert))
    desk.change(alert, query=TWO_ROWS)
    first = desk.run(alert)
    desk.change(alert, query=BROKEN)
    desk.run(alert)
    desk.change(alert, query=TWO_ROWS)
    desk.run(alert)

    page = read(console, alert)

    assert f"● Firing since {first['at'][11:19]} UTC: 2 rows in the last run." == summary_of(page)
    [strip] = page.xpath("//*[name()='svg'][@role='img']")
    assert strip.get("aria-label").endswith("on: 2 found rows, 1 found none, 1 failed.")
    bars = strip.xpath("*[name()='rect']")
    assert ["good", "bad", "warn", "bad"] == [bar.get("class") for bar in bars]
    assert sorted(int(bar.get("x")) for bar in bars) == [int(bar.get("x")) for bar in bars]


def test_older_runs_are_a_page_further(console: httpx.Client, desk: AlertDesk) -> None:
    alert = desk.alert()
    newest_first = [desk.run(alert)["at"][:19].replace("T", " ") for _ in range(23)][::-1]

    page = read(console, alert)
    [older] = page.xpath("//a[normalize-space()='Older runs']/@href")
    further = html.fromstring(console.get(older).text)

    assert newest_first[:20] == words_of(page.xpath("//table[@class='runs']/tbody/tr/th"))
    assert newest_first[20:] == words_of(further.xpath("//table[@class='runs']/tbody/tr/th"))
    assert [] == further.xpath("//a[normalize-space()='Older runs']")


def test_an_inactive_alert_cannot_be_run(console: httpx.Client, desk: AlertDesk) -> None:
    alert = desk.alert(active=False)
    page = read(console, alert)

    answer = console.post(f"/alerts/{alert}/run", data={})

    assert "- Inactive: it is not run." == summary_of(page)
    assert [] == page.xpath("//button[normalize-space()='Run now']")
    assert HTTPStatus.CONFLICT == answer.status_code
    assert "make it active first" in answer.text


def test_the_setup_is_told_in_words(console: httpx.Client, desk: AlertDesk) -> None:
    channel = desk.channel(f"{NOBODY_LISTENS}secret-of-the-hook", label="pager")
    alert = desk.alert(
        channel,
        query=TWO_ROWS,
        time_window="PT15M",
        frequency="PT5M",
        watermark="PT1M",
        environments=["production", "staging"],
        notify_when="starts_having_matches",
        description="# Runbook\n\nLook at **both**.",
    )

    answer = console.get(f"/alerts/{alert}")
    page = html.fromstring(answer.text)

    assert [
        "the last 15m, as of 1m before the run",
        "every 5m, but not by itself now",
        "production, staging",
        "when it begins to find rows (starts_having_matches)",
        f"pager webhook, raw-data, {NOBODY_LISTENS}**********",
    ] == words_of(page.xpath("//dl/dd"))
    assert TWO_ROWS == page.xpath("//details[summary='SQL']/pre")[0].text
    assert (["Runbook"], ["both"]) == (
        words_of(page.xpath("//section//h3")),
        words_of(page.xpath("//section//strong")),
    )
    assert "secret-of-the-hook" not in answer.text


def test_headings_are_in_order(console: httpx.Client, desk: AlertDesk) -> None:
    alert = desk.alert(description="# One\n\n## Two\n\n###### Six")

    page = read(console, alert)

    names = ["h1", "h2", "h2", "h3", "h4", "h6", "h2", "h2"]
    assert names == [
        each.tag
        for each in page.xpath("//*[starts-with(name(), 'h')][text()]")
        if each.tag in {"h1", "h2", "h3", "h4", "h5", "h6"}
    ]


@pytest.mark.parametrize(
    "path",
    [
        f"/alerts/{UNKNOWN}",
        "/alerts/nothing",
        "/alerts/%3Cscript%3E",
    ],
)
def test_an_alert_that_is_not_there_is_a_page_of_its_own(console: httpx.Client, path: str) -> None:
    answer = console.get(path)

    assert HTTPStatus.NOT_FOUND == answer.status_code
    assert ["404"] == [each.text for each in html.fromstring(answer.text).xpath("//main/h1")]


@pytest.mark.parametrize("before", [UNKNOWN, "nothing", ""])
def test_a_run_that_is_not_there_is_told_so(
    console: httpx.Client, desk: AlertDesk, before: str
) -> None:
    answer = console.get(f"/alerts/{desk.alert()}", params={"before": before})

    assert HTTPStatus.NOT_FOUND == answer.status_code


def test_a_page_that_refreshes_stays_so_after_a_form(
    console: httpx.Client, desk: AlertDesk
) -> None:
    alert = desk.alert()
    page = read(console, alert, refresh="10")
    [form] = page.xpath("//form[contains(@action, '/wake') or contains(@action, '/run')]")

    answer = console.post(form.get("action"), data={})

    assert f"/alerts/{alert}?refresh=10&done=run#told" == answer.headers["Location"]
    assert ["/static/live.js"] == page.xpath("//script/@src")
    assert [] == read(console, alert).xpath("//script")
