"""``mystage preview``: a page and pictures of a dashboard, and what it says when it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import mystage

from telemetry.child import ServingProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FUNNEL = ROOT / "dashboards" / "pipeline-funnel.yaml"
PAGES = ROOT / "functions" / "demo" / "pages"

BROKEN = """\
kind: Dashboard
slug: broken
name: Broken
groups:
  - title: G
    panels:
      - {name: Whole, kind: values, sql: SELECT 1 AS n}
      - {name: Torn, kind: values, sql: SELECT nothing FROM records}
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run an emulator, and a pipeline that sends its telemetry there."""
    folder = tmp_path_factory.mktemp("preview")
    with ServingProcess("telemetry.cli.emulate", ["--data", str(folder)], name="Logfire emulator"):
        mystage("run", PAGES, "--data", folder)
        yield folder


def test_the_page_and_pictures_show_the_numbers_of_a_run(data: Path, tmp_path: Path) -> None:
    page, svg, png = (tmp_path / f"funnel.{each}" for each in ("html", "svg", "png"))
    drawn = mystage(
        "preview", FUNNEL, "--data", data, "--last", "1h",
        "--html", page, "--svg", svg, "--png", png,
    )  # fmt: skip
    assert (0, f"{page}\n{svg}\n{png}\n", "") == (drawn.code, drawn.stdout, drawn.stderr)
    # As many pages as the demo has, three of which nothing can read.
    for text in (page.read_text(), svg.read_text()):
        assert [True] * 4 == [
            each in text for each in ("became entities (15)", "dead letter (3)", ">18<", ">83.33<")
        ]
    assert png.read_bytes().startswith(b"\x89PNG")


def test_a_panel_that_cannot_be_drawn_says_why_and_the_others_are_there(
    data: Path, tmp_path: Path
) -> None:
    file, page = tmp_path / "broken.yaml", tmp_path / "broken.html"
    file.write_text(BROKEN)
    drawn = mystage("preview", file, "--data", data, "--html", page)
    assert 1 == drawn.code
    assert "Torn: No column 'nothing' in records" in drawn.stderr
    assert "<dd>1</dd>" in page.read_text()
    assert 'role="alert"' in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere"], 64, "there is no dashboard 'nowhere'"),
        ([FUNNEL, "--var", "colour=red"], 64, "has no variable 'colour': there are patience"),
        ([FUNNEL, "--html", "/dev/null/x.html"], 1, "/dev/null/x.html cannot be written"),
    ],
)
def test_what_is_wrong_is_said(
    data: Path, arguments: list[str | Path], code: int, message: str
) -> None:
    drawn = mystage("preview", *arguments, "--data", data)
    assert code == drawn.code
    assert message in drawn.stderr


def test_without_an_emulator_it_says_how_to_start_one(tmp_path: Path) -> None:
    drawn = mystage("preview", FUNNEL, "--data", tmp_path)
    assert 69 == drawn.code
    assert "mystage emulate logfire" in drawn.stderr
