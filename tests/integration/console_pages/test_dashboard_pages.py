"""The pages of dashboards, over an emulator's answers."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from httpx import ASGITransport, AsyncClient

from telemetry.configuration import ANY_TOKEN
from telemetry.console import make_console
from telemetry.console.catalogue import Catalogue
from telemetry.console.dashboards import dashboards_section
from telemetry.console.home import home_section
from telemetry.console.source import Source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&]]>\x1b[31m\u202e"
SQL_HOSTILE = "'" + HOSTILE.replace("'", "''") + "'"
KINDS = ["time-series", "bar", "pie", "gauge", "values", "table"]
ROWS = (
    "SELECT * FROM (VALUES ('2026-01-05T11:00:00Z', 'first', 4711),"
    " ('2026-01-05T11:30:00Z', 'second', 1147)) AS t (x, stage, n)"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "dashboards"
    made.mkdir()
    return made


@pytest.fixture
async def client(emulator: str, folder: Path) -> AsyncIterator[AsyncClient]:
    catalogue = Catalogue([folder])
    section = dashboards_section(catalogue, Source(emulator, ANY_TOKEN))
    app = make_console([home_section(catalogue), section])
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1") as opened,
    ):
        yield opened


def write(folder: Path, *panels: dict[str, Any], **more: Any) -> None:
    filled = [{"kind": "table", "name": f"P{n}", **each} for n, each in enumerate(panels)]
    board = {
        "kind": "Dashboard",
        "slug": "board",
        "name": "Board",
        "groups": [{"title": "G", "panels": filled}],
        **more,
    }
    (folder / "board.yaml").write_text(yaml.safe_dump(board, allow_unicode=False))


class Tags(HTMLParser):
    """Gather what could run, load or be styled in a page, and where its pictures are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.dangerous: list[str] = []
        self.pictures: list[str] = []
        self.sources: list[str] = []
        self.alternatives: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_data(self, data: str) -> None:
        """Take words."""
        self.words += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at a tag."""
        if tag in {"iframe", "object", "embed", "style", "image", "foreignobject", "base"}:
            self.dangerous.append(tag)
        for name, value in attrs:
            text = str(value)
            if name.startswith("on") or name == "style":
                self.dangerous.append(f"{tag} {name}")
            # A link may lead elsewhere, where it is followed.
            ours = ("/", "#", "?", "http:") if tag == "a" else ("/", "#", "?")
            if name in {"href", "src", "srcset", "action"} and not text.startswith(ours):
                self.dangerous.append(f"{tag} {name}={text}")
            if tag == "img" and name == "alt":
                self.alternatives.append(text)
            if name in {"src", "srcset"} and tag in {"img", "source"}:
                self.pictures.append(text)
            if name == "data-source":
                self.sources.append(text)
        if tag == "script" and dict(attrs).get("src") != "/static/console.js":
            self.dangerous.append("script")


async def test_the_list_and_the_home_page_lead_to_each_dashboard(
    client: AsyncClient, folder: Path
) -> None:
    write(folder, {"sql": ROWS}, description="What it is about")
    for path in ("/", "/dashboards"):
        text = (await client.get(path)).text
        assert '<a href="/dashboards/board">Board</a>' in text
        assert "What it is about" in text


async def test_a_page_has_a_frame_for_each_panel_and_asks_for_none(
    client: AsyncClient, folder: Path
) -> None:
    write(folder, {"sql": ROWS}, {"sql": "SELECT nothing"}, {"kind": "markdown", "text": "# Hi"})
    text = (await client.get("/dashboards/board?last=1h")).text
    assert 3 == text.count("data-panel=")
    assert 2 == text.count('aria-busy="true"')
    assert [f"/dashboards/board/panels/{key}?last=1h&refresh=0" for key in ("P0", "P1")] == Tags(
        text
    ).sources
    assert "<h4>Hi</h4>" in text


async def test_panels_are_placed_by_a_sheet_of_styles(client: AsyncClient, folder: Path) -> None:
    write(folder, {"sql": ROWS, "width": 10, "height": 5}, {"sql": ROWS, "width": 14, "height": 6})
    answer = await client.get("/dashboards/board/places.css")
    assert "text/css" in answer.headers["content-type"]
    assert "#panel-0-1 { grid-column: 11 / span 14; grid-row: 1 / span 6; }" in answer.text


@pytest.mark.parametrize("kind", KINDS)
async def test_a_panel_of_every_kind_has_its_numbers_and_its_sql(
    client: AsyncClient, folder: Path, kind: str
) -> None:
    write(folder, {"kind": kind, "sql": ROWS})
    tags = Tags((await client.get("/dashboards/board/panels/P0")).text)
    assert "4,711" in tags.words
    assert "SELECT * FROM" in tags.words
    assert (2 if kind in KINDS[:4] else 0) == len(tags.pictures)
    for each, words in zip(tags.pictures, tags.alternatives * 2, strict=False):
        answer = await client.get(each)
        assert "image/svg+xml" == answer.headers["content-type"]
        assert (
            "default-src 'none'; style-src 'unsafe-inline'"
            == (answer.headers["content-security-policy"])
        )
        ET.fromstring(answer.text)  # noqa: S314 - our own
        assert "P0" in words


async def test_the_two_themes_of_a_chart_differ(client: AsyncClient, folder: Path) -> None:
    write(folder, {"kind": "bar", "sql": ROWS})
    pictures = Tags((await client.get("/dashboards/board/panels/P0")).text).pictures
    light, dark = [(await client.get(each)).text for each in pictures]
    assert light != dark


@pytest.mark.parametrize("path", ["nothing.svg", "nothing.svg?theme=dark", "../x.svg"])
async def test_a_chart_that_nobody_was_told_of_is_not_there(client: AsyncClient, path: str) -> None:
    assert 404 == (await client.get(f"/charts/{path}")).status_code


async def test_a_chart_is_as_wide_as_the_page_has_room(client: AsyncClient, folder: Path) -> None:
    write(folder, {"kind": "bar", "sql": ROWS})
    for asked, width in (("333", 333), ("1", 60), ("9999", 2000), ("x", 588), ("10000", 588)):
        text = (await client.get(f"/dashboards/board/panels/P0?width={asked}")).text
        assert f'width="{width}"' in text


async def test_a_broken_panel_says_why_and_the_others_show_their_rows(
    client: AsyncClient, folder: Path
) -> None:
    write(folder, {"sql": "SELECT nothing_such FROM records"}, {"sql": ROWS}, {"sql": "SELECT $no"})
    text = (await client.get("/dashboards/board?all=1")).text
    assert 2 == text.count('class="bad" role="alert"')
    assert "nothing_such" in text
    assert "the variable $no has no value" in Tags(text).words
    assert "4,711" in text


@pytest.mark.parametrize("sql", ["SELECT 1 AS n WHERE false", "SELECT CAST(NULL AS BIGINT) AS n"])
@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_is_said_to_be_nothing(
    client: AsyncClient, folder: Path, kind: str, sql: str
) -> None:
    write(folder, {"kind": kind, "sql": sql})
    assert "No data in this time" in (await client.get("/dashboards/board/panels/P0")).text


async def test_a_server_that_does_not_answer_is_an_error_of_the_panel(folder: Path) -> None:
    write(folder, {"sql": ROWS})
    section = dashboards_section(Catalogue([folder]), Source("http://127.0.0.1:9", ANY_TOKEN))
    app = make_console([section])
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1") as client,
    ):
        text = (await client.get("/dashboards/board/panels/P0")).text
    assert "http://127.0.0.1:9 does not answer" in text


async def test_variables_of_the_address_are_in_the_query(client: AsyncClient, folder: Path) -> None:
    variables = [
        {"type": "text", "name": "word", "default": "usual"},
        {"type": "list", "name": "many", "values": ["a", "b"], "multiple": True},
    ]
    write(folder, {"sql": "SELECT $word AS w, $many AS m, $resolution AS r"}, variables=variables)
    address = "/dashboards/board/panels/P0?last=1h&var-word=it%27s&var-many=b"
    words = Tags((await client.get(address)).text).words
    assert "SELECT 'it''s' AS w, ARRAY['b'] AS m, '1 minute' AS r" in words
    page = (await client.get("/dashboards/board?last=1h&var-word=it%27s&var-many=b")).text
    assert 'value="it&#39;s"' in page
    assert '<option value="b" selected>' in page
    assert '<option value="a">' in page


async def test_edited_sql_is_shown_at_the_next_loading(client: AsyncClient, folder: Path) -> None:
    for number in ("12345", "5432100"):
        write(folder, {"sql": f"SELECT {number} AS n"})
        text = (await client.get("/dashboards/board/panels/P0")).text
        assert f"{int(number):,}" in text


async def test_problems_of_the_files_are_on_the_pages(client: AsyncClient, folder: Path) -> None:
    write(folder, {"sql": ROWS})
    (folder / "broken.yaml").write_text(f"kind: Dashboard\nslug: {HOSTILE[:8]}\n")
    for path in ("/", "/dashboards", "/dashboards/board"):
        text = (await client.get(path)).text
        assert "broken.yaml:2" in text
        assert [] == Tags(text).dangerous


async def test_what_is_not_there_is_refused_with_the_nearest(
    client: AsyncClient, folder: Path
) -> None:
    write(folder, {"sql": ROWS})
    answer = await client.get("/dashboards/bord")
    assert 404 == answer.status_code
    assert '<a href="/dashboards/board">board</a>' in answer.text
    for path in ("bord/panels/P0", "board/panels/P9", "bord/places.css"):
        assert 404 == (await client.get(f"/dashboards/{path}")).status_code


async def test_an_address_that_makes_no_sense_is_told(client: AsyncClient, folder: Path) -> None:
    write(folder, {"sql": ROWS})
    answer = await client.get("/dashboards/board?last=soon")
    assert 400 == answer.status_code
    assert "no duration" in answer.text
    assert "The last 1h" in answer.text


@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_that_strangers_wrote_is_a_tag(
    client: AsyncClient, folder: Path, kind: str
) -> None:
    name = '"' + HOSTILE.replace('"', '""') + '"'
    sql = f"SELECT '2026-01-05T11:00:00Z' AS x, {SQL_HOSTILE} AS {name}, 1 AS n, $v AS v"
    write(
        folder,
        {"name": HOSTILE, "kind": kind, "sql": sql, "description": HOSTILE, "key": f"../{HOSTILE}"},
        {"sql": f"SELECT {name} FROM records", "name": "P1"},
        {"kind": "markdown", "text": f"{HOSTILE} [x](javascript:alert(1)) ![y](http://z)"},
        name=HOSTILE,
        description=HOSTILE,
        variables=[{"type": "text", "name": "v", "label": HOSTILE, "default": HOSTILE}],
    )
    for query in ("", "?all=1"):
        page = await client.get(f"/dashboards/board{query}")
        assert [] == Tags(page.text).dangerous
    # With brackets it is no value of a variable; without, it comes back as a row.
    sources: list[str] = []
    for value in (HOSTILE, HOSTILE.replace("(", "").replace(")", "")):
        typed = await client.get("/dashboards/board", params={"var-v": value, "last": HOSTILE})
        assert [] == Tags(typed.text).dangerous
        sources += Tags(typed.text).sources
    for source in sources:
        answer = await client.get(source)
        assert 200 == answer.status_code
        tags = Tags(answer.text)
        assert [] == tags.dangerous
        for picture in tags.pictures:
            drawn = (await client.get(picture)).text
            ET.fromstring(drawn)  # noqa: S314 - our own
            assert "<script" not in drawn
    refused, unknown, answered, _ = [(await client.get(each)).text for each in sources]
    assert "must not contain" in Tags(refused).words
    assert "alert(1)" in Tags(unknown).words
    assert "alert(1)" in answered
