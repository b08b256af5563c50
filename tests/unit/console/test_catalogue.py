"""The catalogue follows its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telemetry.console.catalogue import Catalogue
from telemetry.definitions import Dashboard

if TYPE_CHECKING:
    from pathlib import Path

BOARD = """\
kind: Dashboard
slug: {slug}
name: {name}
groups:
  - title: G
    panels:
      - name: P
        kind: table
        sql: queries/p.sql
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "dashboards"
    (made / "queries").mkdir(parents=True)
    (made / "queries" / "p.sql").write_text("SELECT 1")
    (made / "a.yaml").write_text(BOARD.format(slug="a", name="Zebras"))
    (made / "b.yaml").write_text(BOARD.format(slug="b", name="apes"))
    return made


async def test_dashboards_are_in_the_order_of_their_names(folder: Path) -> None:
    shelf = await Catalogue([folder]).read()
    assert ["b", "a"] == list(shelf.dashboards)
    assert () == shelf.problems


@pytest.mark.parametrize("part", ["", "a.yaml"])
async def test_edited_sql_is_there_at_the_next_reading(folder: Path, part: str) -> None:
    catalogue = Catalogue([folder / part])
    await catalogue.read()
    (folder / "queries" / "p.sql").write_text("SELECT 1 + 1")
    found = (await catalogue.read()).dashboards["a"]
    assert isinstance(found, Dashboard)
    assert "SELECT 1 + 1" == found.panels[0].sql


async def test_files_that_have_not_changed_are_not_read_again(folder: Path) -> None:
    catalogue = Catalogue([folder])
    assert await catalogue.read() is await catalogue.read()


async def test_files_come_and_go(folder: Path) -> None:
    catalogue = Catalogue([folder])
    await catalogue.read()
    (folder / "a.yaml").unlink()
    (folder / "c.yaml").write_text(BOARD.format(slug="c", name="C"))
    assert ["b", "c"] == list((await catalogue.read()).dashboards)


async def test_a_broken_file_is_a_problem_with_its_place_and_the_others_are_there(
    folder: Path,
) -> None:
    (folder / "a.yaml").write_text("kind: Dashboard\nslug: a\nname: [\n")
    (folder / "c.yaml").write_text(BOARD.format(slug="c", name="C").replace("queries/p", "none"))
    (folder / "d.yaml").write_text(BOARD.format(slug="b", name="B again"))
    shelf = await Catalogue([folder]).read()
    assert ["apes"] == [each.name for each in shelf.dashboards.values()]
    assert ["a.yaml", "c.yaml", "d.yaml"] == sorted(each.place.file.name for each in shelf.problems)
    assert all(each.place.line for each in shelf.problems)


async def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    shelf = await Catalogue([tmp_path / "none"]).read()
    assert 1 == len(shelf.problems)
