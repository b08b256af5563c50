"""The file of the management API: it survives, excludes, and says what is wrong with it."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from management_client import ALERT, BODIES, DASHBOARD, WEBHOOK, Api

from telemetry.child import ServingProcess
from telemetry.emulator.http.refusals import Refusal
from telemetry.emulator.management import Management
from telemetry.emulator.management.channels import Channels
from telemetry.emulator.management.dashboards import Dashboards
from telemetry.errors import StoreUnavailable, StoreUnusable

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import OpenApp

    from telemetry.emulator.management.rows import Rows

HEADERS = {"Authorization": "Bearer key"}


def start(data: Path) -> ServingProcess:
    return ServingProcess("telemetry.cli.emulate", ["--data", str(data)], name="Logfire emulator")


def test_everything_is_there_after_a_restart(open_app: OpenApp) -> None:
    def read_everything(api: Api) -> dict[str, Any]:
        return {each: api.read_all(each) for each in ("projects", *BODIES)}

    api = Api(open_app())
    for collection in BODIES:
        api.make(collection)
    before = read_everything(api)

    assert before == read_everything(Api(open_app()))


def test_each_folder_has_a_project_of_its_own(tmp_path: Path) -> None:
    identifiers = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        with (
            Management(tmp_path / name) as management,
            management._database.transaction() as rows,
        ):
            identifiers.add(rows.project_id)

    assert 2 == len(identifiers)


def test_of_threads_that_make_one_slug_one_succeeds(tmp_path: Path) -> None:
    outcomes: list[int] = []
    gate = threading.Barrier(8)

    with Management(tmp_path) as management:
        with management._database.transaction() as rows:
            project = rows.project_id

        def make() -> None:
            gate.wait()
            try:
                management.create(Dashboards(), project, DASHBOARD)
            except Refusal as refusal:
                outcomes.append(refusal.status)
            else:
                outcomes.append(201)

        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert 1 == len(management.read_all(Dashboards(), project))
    assert [201] + [409] * 7 == sorted(outcomes)


def test_of_clients_that_make_one_slug_one_succeeds_and_it_outlives_the_server(
    tmp_path: Path,
) -> None:
    statuses: list[int] = []
    gate = threading.Barrier(6)
    with start(tmp_path) as emulator:
        base = f"{emulator.address}/api/v1/projects/"
        [project] = httpx.get(base, headers=HEADERS).json()
        url = f"{base}{project['id']}/dashboards/"

        def make() -> None:
            gate.wait()
            statuses.append(httpx.post(url, json=DASHBOARD, headers=HEADERS).status_code)

        threads = [threading.Thread(target=make) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        before = httpx.get(url, headers=HEADERS).json()

    assert [201] + [409] * 5 == sorted(statuses)
    assert 1 == len(before)
    with start(tmp_path) as emulator:
        url = f"{emulator.address}/api/v1/projects/{project['id']}/dashboards/"
        assert before == httpx.get(url, headers=HEADERS).json()


def test_what_was_acknowledged_is_there_after_the_server_was_killed(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    with start(tmp_path) as emulator:
        url = f"{emulator.address}/api/v1/channels/"
        enough = threading.Event()

        def make() -> None:
            with httpx.Client(headers=HEADERS) as client:
                while True:
                    try:
                        made = client.post(url, json=WEBHOOK)
                    except httpx.TransportError:
                        return
                    acknowledged.append(made.json()["id"])
                    if len(acknowledged) >= 20:
                        enough.set()

        threads = [threading.Thread(target=make) for _ in range(3)]
        for thread in threads:
            thread.start()
        assert enough.wait(60)
        emulator.kill()
        for thread in threads:
            thread.join()

    with start(tmp_path) as emulator:
        found = httpx.get(f"{emulator.address}/api/v1/channels/", headers=HEADERS).json()
    kept = [each["id"] for each in found]
    assert len(kept) == len(set(kept))
    # What was under way when it was killed may be there: one for each client.
    assert set(acknowledged) <= set(kept)
    assert len(kept) <= len(acknowledged) + 3


def test_a_request_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(rows: Rows) -> None:
        rows.insert("channel", {"label": "x"}, None)
        raise RuntimeError

    with Management(tmp_path) as management:
        with pytest.raises(RuntimeError), management._database.transaction() as rows:
            fail(rows)

        assert [] == management.read_all(Channels(), None)


def fill(management: Management) -> None:
    for number in range(1000):
        management.create(Channels(), None, WEBHOOK | {"label": f"{number:0200}"})


def test_a_full_disk_is_said_and_what_was_there_stays(open_app: OpenApp, tmp_path: Path) -> None:
    api = Api(open_app())
    made = api.make("alerts")
    # SQLite's own limit stands in for the disk's: it fails in the same place.
    with Management(tmp_path) as management:
        connection = management._database._file._connection
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreUnavailable, match=r"management\.db cannot be read or written"):
            fill(management)
        assert management.read_all(Channels(), None)

    assert [made] == api.read_all("alerts")


def test_a_store_that_is_closed_is_503_and_may_be_tried_again(open_app: OpenApp) -> None:
    api = Api(open_app())
    path = api.path("alerts")
    open_app()  # closes what was open

    answer = api.send("POST", path, ALERT)
    assert (503, "5") == (answer.status_code, answer.headers["Retry-After"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no database at all, but long enough to be one" * 100, "cannot be opened"),
        (None, "of another application"),
    ],
)
def test_a_file_that_is_not_ours_is_left_alone(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "management.db"
    if content is None:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE theirs (x)")
        connection.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()

    with pytest.raises(StoreUnusable, match=message):
        Management(tmp_path)
    assert before == path.read_bytes()


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    Management(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "management.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(StoreUnusable, match="has version 99, and this program reads version 1"):
        Management(tmp_path)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="cannot be opened"):
        Management(tmp_path / "missing")


def test_a_file_that_was_begun_and_not_filled_is_filled(tmp_path: Path) -> None:
    (tmp_path / "management.db").touch()

    with Management(tmp_path) as management:
        assert [] == management.read_all(Channels(), None)
