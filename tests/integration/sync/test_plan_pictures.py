"""Pictures of a plan: of a real emulator, with telemetry of a real program."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from telemetry.child import ServingProcess
from telemetry.cli.instances import Choice, open_project, read_definitions
from telemetry.cli.plan import plan_definitions
from telemetry.cli.plan_pictures import draw_pictures
from telemetry.preview.pictures import to_png

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from contract_server import Contract
    from sync_definitions import Ran

    Mystage = Callable[..., Ran]

PROGRAM = """
import logfire

logfire.configure(service_name="shop", inspect_arguments=False, console=False)
for stage, count in (("sourcing", 17), ("syncing", 23)):
    for _ in range(count):
        logfire.info("done", stage=stage)
for _ in range(5):
    logfire.error("broken")
assert logfire.force_flush(10_000)
"""
COUNT = "SELECT count(*) AS n FROM records WHERE message = '{message}' HAVING count(*) > 0"
DASHBOARD = """\
kind: Dashboard
slug: shop
name: Shop
groups:
  - title: Work
    panels:
      - {name: Records, kind: values, sql: "COUNT"}
      - name: By stage
        kind: bar
        sql: >-
          SELECT attributes->>'stage' AS stage, count(*) AS n FROM records
          WHERE message = 'done' GROUP BY 1 ORDER BY 1
      - {name: Kept, kind: values, sql: SELECT 1 AS one}
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run an emulator that a program has sent its telemetry to."""
    data = str(tmp_path_factory.mktemp("data"))
    with ServingProcess(
        "telemetry.cli.emulate", ["--data", data], name="Logfire emulator"
    ) as process:
        # In a test, the SDK would send nothing.
        environment = {key: value for key, value in os.environ.items() if key != "PYTEST_VERSION"}
        environment |= {"LOGFIRE_BASE_URL": process.address, "LOGFIRE_TOKEN": "any"}
        subprocess.run([sys.executable, "-c", PROGRAM], env=environment, timeout=60, check=True)
        yield process.address


def define(folder: Path, sql: str, *edits: tuple[str, str]) -> Path:
    text = DASHBOARD.replace("COUNT", sql)
    for old, new in edits:
        text = text.replace(old, new)
    file = folder / "shop.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_pictures_show_the_rows_of_both_queries(
    mystage: Mystage, address: str, folder: Path
) -> None:
    define(folder, COUNT.format(message="done"))
    mystage("plan", "--out", "first.json", "--url", address, "shop.yaml")
    assert 0 == mystage("apply", "first.json", "--yes", "--url", address).code
    file = define(folder, COUNT.format(message="broken"), ("'done' GROUP", "'done' AND TRUE GROUP"))

    ran = mystage(
        "plan", "shop.yaml", "--url", address, "--markdown", "review/plan.md",
        "--pictures", "review/panels", "--last", "1h",
    )  # fmt: skip

    assert (0, "") == (ran.code, ran.err)
    saved = folder / "review/panels/shop"
    assert [
        "by-stage-after.png",
        "by-stage-before.png",
        "records-after.png",
        "records-before.png",
    ] == sorted(each.name for each in saved.iterdir())
    assert (
        "| Records | ![before](panels/shop/records-before.png)"
        " | ![after](panels/shop/records-after.png) |"
    ) in (folder / "review/plan.md").read_text()
    with open_project(Choice(address, None, folder)) as (api, project):
        made, _, _ = plan_definitions(api, project, read_definitions([file]))
    [(records, stages)] = draw_pictures(made, folder, 3600).values()
    assert [(True, False), (False, True)] == [
        (">40<" in each.svg, ">5<" in each.svg) for each in (records.before, records.after)
    ]
    for each in (stages.before, stages.after):
        assert "n: 17; label: sourcing" in each.svg
    for each in (records.before, records.after, stages.before, stages.after):
        assert to_png(each.svg) == (folder / "review/panels" / each.name).read_bytes()


def test_a_new_dashboard_has_pictures_of_what_will_be(
    mystage: Mystage, address: str, folder: Path
) -> None:
    define(folder, "SELECT nothing FROM records", ("slug: shop", "slug: new-shop"))

    ran = mystage("plan", "shop.yaml", "--url", address, "--markdown", "plan.md", "--pictures", "p")

    table = [line for line in (folder / "plan.md").read_text().splitlines() if "|" in line[:1]]
    assert 0 == ran.code
    assert "| Records | not there | No column 'nothing' in records" in table[2]
    assert "| Kept | not there | ![after](p/new-shop/kept-after.png) |" == table[4]
    assert ["by-stage-after.png", "kept-after.png"] == sorted(
        each.name for each in (folder / "p/new-shop").iterdir()
    )


def test_a_server_without_rows_has_a_plan_without_pictures(
    mystage: Mystage, server: Contract, folder: Path
) -> None:
    ran = mystage("plan", "--url", server.url, "--markdown", "plan.md", "--pictures", "p")

    assert 0 == ran.code
    [row] = [
        line
        for line in (folder / "plan.md").read_text().splitlines()
        if line.startswith("| Failures")
    ]
    assert row.startswith(f"| Failures | not there | {server.url.partition('/v')[0]}")
    assert not (folder / "p").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--pictures", "p"), "name its file by --markdown"),
        (("--last", "1h"), "name their folder"),
        (("--markdown", "m.md", "--last", "1h"), "name their folder"),
    ],
)
def test_options_that_need_another_are_refused(
    mystage: Mystage, arguments: tuple[str, ...], told: str
) -> None:
    ran = mystage("plan", *arguments)

    assert (64, True) == (ran.code, told in " ".join(ran.err.split()))


def test_a_folder_that_cannot_be_written_is_told(
    mystage: Mystage, address: str, folder: Path
) -> None:
    define(folder, "SELECT 1 AS n", ("slug: shop", "slug: other-shop"))
    (folder / "file").write_text("no folder")

    ran = mystage(
        "plan", "shop.yaml", "--url", address, "--markdown", "m.md", "--pictures", "file/p"
    )

    assert (1, True) == (ran.code, "cannot be written" in ran.err)
