"""Loading: what becomes of files, and what is said of those that cannot be read."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telemetry.definitions import Alert, Dashboard, PersesDashboard, identity_of
from telemetry.definitions.declarations import Declaration, combine
from telemetry.definitions.loader import load_definitions
from telemetry.definitions.queries import Purpose, all_queries
from telemetry.errors import InvalidDefinitions

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Load, Write

ALERT = """\
kind: Alert
name: {name}
sql: {sql}
window: 5m
every: 1m
"""


def alert(name: str = "stall", sql: str = "SELECT 1") -> str:
    return ALERT.format(name=name, sql=sql)


def said(load: Load, folder: Path) -> list[str]:
    """Return the problems, with the places relative to the folder."""
    return [str(each).replace(f"{folder}/", "") for each in load().problems]


def test_a_file_holds_one_definition_or_several(write: Write, load: Load) -> None:
    write("a.yaml", alert("one"))
    write("more/b.yaml", f"{alert('two')}---\n{alert('three')}---\n")
    assert ["one", "two", "three"] == [each.model.name for each in load().alerts]
    assert () == load().problems


def test_sql_is_the_text_or_a_file_beside(write: Write, load: Load, folder: Path) -> None:
    path = write("queries/one.sql", "SELECT 1\n")
    write("a.yaml", alert("one", "queries/one.sql") + "---\n" + alert("two", "SELECT 2"))
    one, two = load().alerts
    assert ("SELECT 1", path) == (one.model.sql, one.place("sql").file)
    assert ("SELECT 2", folder / "a.yaml") == (two.model.sql, two.place("sql").file)


def test_files_named_with_an_underscore_are_only_included(write: Write, load: Load) -> None:
    write("_part.yaml", "notify_when: has_matches\nname: '{{ title }}'\n")
    write(
        "a.yaml",
        "include: _part.yaml\nwith: {title: late}\nkind: Alert\nsql: SELECT 1\n"
        "window: 5m\nevery: 1m\n",
    )
    (found,) = load().alerts
    assert ("late", "has_matches") == (found.model.name, found.model.notify_when)


def test_a_definition_is_repeated_for_each_value(write: Write, load: Load) -> None:
    write("_query.sql", "SELECT {{ stage.name | sql }}, {{ stage.n }}")
    text = alert('"{{ stage.name }} failed"', "_query.sql")
    write("a.yaml", 'for_each: {stage: "{{ stages }}"}\n' + text)
    assert [
        ("sourcing failed", "SELECT 'sourcing', 1"),
        ("writers failed", "SELECT 'writers', 2"),
    ] == [(each.model.name, each.model.sql) for each in load().alerts]


def test_panels_are_repeated_and_included_within_a_list(write: Write, load: Load) -> None:
    write(
        "_two.yaml", "- {name: A, kind: table, sql: SELECT 1}\n- {name: B, kind: table, sql: x}\n"
    )
    write(
        "a.yaml",
        """\
kind: Dashboard
slug: a
name: A
groups:
  - title: All
    panels:
      - include: _two.yaml
      - for_each: {stage: "{{ stages }}"}
        name: "{{ stage.name }}"
        kind: values
        width: "{{ stage.n }}"
        sql: SELECT 1
""",
    )
    (found,) = load().dashboards
    assert isinstance(found.model, Dashboard)
    assert [("A", None), ("B", None), ("sourcing", 1), ("writers", 2)] == [
        (panel.name, panel.width) for panel in found.model.panels
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "kind: Alrt\n", "a.yaml:1:7: 'Alrt' is none of 'Dashboard'", id="unknown kind"
        ),
        pytest.param("name: x\n", "a.yaml:1:1: 'kind' is missing", id="no kind"),
        pytest.param("kind: [", "a.yaml:2:1: no YAML: ", id="no YAML"),
        pytest.param("- kind: Alert\n", "a.yaml:1:3: 'every' is missing", id="missing"),
        pytest.param(
            alert() + "windo: 5m\n", "a.yaml:6:8: there is no key 'windo' here", id="unknown key"
        ),
        pytest.param(
            alert().replace("5m", "7m"), "a.yaml:4:9: Logfire takes only 1m, 2m, 5m", id="window"
        ),
        pytest.param(
            alert().replace("every: 1m", "every: 7d"),
            "a.yaml:5:8: Logfire takes only 1m, 2m, 5m, 10m, 15m, 30m, 1h, 6h, 12h, 24h",
            id="frequency",
        ),
        pytest.param(
            alert().replace("5m", "soon"), "a.yaml:4:9: 'soon' is no duration", id="duration"
        ),
        pytest.param(
            alert(sql="missing.sql"), "a.yaml:3:6: there is no file missing.sql", id="no SQL file"
        ),
        pytest.param(
            alert(sql="../../outside.sql"),
            "a.yaml:3:6: ../../outside.sql is outside of dashboards/",
            id="outside",
        ),
        pytest.param(
            alert(name="'{{ nobody }}'"),
            "a.yaml:2:8: the template cannot be rendered: 'nobody' is undefined",
            id="unknown parameter",
        ),
        pytest.param("include: a.yaml\n", "a.yaml:1:10: includes go deeper than 8", id="a circle"),
        pytest.param(
            'for_each: {x: "sourcing"}\n' + alert(), "a.yaml:1:11: for_each wants a list", id="each"
        ),
        pytest.param(
            "kind: Channel\nlabel: a\nconfig: {type: webhook, url: 'https://hooks.slack.com/s3'}\n",
            "a.yaml:3:31: a secret is never written down: name a variable",
            id="secret",
        ),
        pytest.param(
            "kind: SLO\nname: a\nscope_value: x\ntotal: t\nbad: b\ntarget: 99\nthreshold: 3\n",
            "a.yaml:1:1: `threshold` and `comparison` belong together",
            id="half a threshold",
        ),
        pytest.param(
            "kind: Schedule\nlabel: a\ntimezone: Mars/Olympus\nwindows: []\n",
            "a.yaml:3:11: 'Mars/Olympus' is no time zone",
            id="time zone",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    write: Write, load: Load, folder: Path, text: str, problem: str
) -> None:
    write("a.yaml", text)
    assert problem == said(load, folder)[0][: len(problem)]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("{{ 1/0 }}", id="division"),
        pytest.param("{{ 1 + 'a' }}", id="types"),
        pytest.param("{{ 'a'|round }}", id="a filter's types"),
        pytest.param("{{ 'a' * 10**9 }}", id="a long text"),
        pytest.param("{{ 10**10000 }}", id="a large number"),
        pytest.param("{{ 'a'|center(10**9) }}", id="padding"),
        pytest.param("{{ lipsum(n=1000000) }}", id="words"),
        pytest.param("{% for i in range(10**9) %}{% endfor %}", id="a long range"),
        pytest.param(
            "{% for i in range(999) %}{% for j in range(999) %}{% for k in range(999) %}x"
            "{% endfor %}{% endfor %}{% endfor %}",
            id="loops in loops",
        ),
        pytest.param("{{ ''.__class__ }}", id="what the sandbox forbids"),
    ],
)
def test_a_template_that_fails_or_never_ends_is_told_of_with_its_place(
    write: Write, load: Load, folder: Path, name: str
) -> None:
    write("a.yaml", alert(name=f'"x{name}"'))
    write("b.yaml", alert(name=f'"{name}"'))
    write("c.yaml", alert("good"))
    assert ["good"] == [each.model.name for each in load().alerts]
    assert ["a.yaml:2", "b.yaml:2"] == [
        ":".join(each.split(":")[:2]) for each in said(load, folder)
    ]


def test_a_parameter_may_have_any_name(write: Write, load: Load) -> None:
    write("a.yaml", "for_each: {self: [x]}\n" + alert(name='"{{ self }}"'))
    assert 1 == len(load().alerts) + len(load().problems)


@pytest.mark.parametrize("name", ['"a\\0b.sql"', "x" * 5000 + ".sql"])
def test_a_name_that_no_file_can_have_is_told_of(
    write: Write, load: Load, folder: Path, name: str
) -> None:
    write("a.yaml", alert(sql=name))
    assert "this is no name of a file" in said(load, folder)[0]


def test_links_that_lead_out_and_what_is_no_file_are_told_of(
    write: Write, load: Load, folder: Path
) -> None:
    outside = folder.parent / "outside.yaml"
    outside.write_text(alert("outside"))
    (folder / "link.yaml").symlink_to(outside)
    (folder / "zero.yaml").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.yaml")
    write("good.yaml", alert("good"))
    assert ["good"] == [each.model.name for each in load().alerts]
    assert [
        "link.yaml:1:1: leads out of dashboards/",
        "pipe.yaml:1:1: no file",
        "zero.yaml:1:1: leads out of dashboards/",
    ] == said(load, folder)


def test_a_secret_written_down_is_not_repeated(write: Write, load: Load, folder: Path) -> None:
    write("a.yaml", "kind: Channel\nlabel: a\nconfig: {type: opsgenie, auth_key: s3cr3t}\n")
    assert "s3cr3t" not in "".join(said(load, folder))


def test_what_can_be_read_is_there_beside_what_cannot(
    write: Write, load: Load, folder: Path
) -> None:
    write("a.yaml", alert("good") + "---\nkind: Nonsense\n")
    write("b.yaml", "]")
    assert ["good"] == [each.model.name for each in load().alerts]
    assert ["a.yaml:7:7", "b.yaml:1:1"] == [
        ":".join(each.split(":")[:3]) for each in said(load, folder)
    ]


def test_two_of_one_identity_are_a_problem(write: Write, load: Load) -> None:
    write("a.yaml", alert("same"))
    write("b.yaml", alert("same"))
    with pytest.raises(InvalidDefinitions, match=r"b\.yaml:1:1: the alert 'same' is defined at"):
        load().check()


def test_a_missing_folder_is_a_problem(tmp_path: Path) -> None:
    found = load_definitions([tmp_path / "nowhere"], combine(Declaration()))
    assert ["there is no such file or folder"] == [each.message for each in found.problems]


def test_perses_json_is_taken_as_it_is(write: Write, load: Load) -> None:
    definition: dict[str, Any] = {
        "kind": "Dashboard",
        "metadata": {"name": "made-by-hand", "project": "x", "version": 3},
        "spec": {
            "display": {"name": "Made by hand"},
            "annotations": [],
            "panels": {
                "P": {
                    "kind": "Panel",
                    "spec": {
                        "display": {"name": "Panel"},
                        "plugin": {"kind": "Table"},
                        "queries": [
                            {
                                "kind": "NonTimeSeriesQuery",
                                "spec": {
                                    "plugin": {
                                        "kind": "LogfireNonTimeSeriesQuery",
                                        "spec": {"query": "SELECT 1"},
                                    }
                                },
                            }
                        ],
                    },
                }
            },
        },
    }
    path = write("hand.json", json.dumps(definition))
    (found,) = load().dashboards
    assert isinstance(found.model, PersesDashboard)
    assert ("dashboard", "made-by-hand") == identity_of(found.model)
    assert definition == found.model.definition
    (query,) = all_queries(load())
    assert ("SELECT 1", "Panel", path) == (query.sql, query.title, query.place.file)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[1]", "hand.json:1:1: no Perses dashboard"),
        ("{", "hand.json:1:2: no JSON"),
        ('{"kind": "Dashboard"}', "hand.json:1:1: no Perses dashboard"),
        ('{"kind": "Dashboard", "spec": {"panels": [1]}}', "hand.json:1:1: no Perses dashboard"),
        ('{"kind": "Dashboard", "spec": {"layouts": {"a": 1}}}', "hand.json:1:1: no Perses"),
        ('{"kind": "Dashboard", "spec": {"x": NaN}}', "hand.json:1:1: no JSON: there is no NaN"),
        ('{"kind": "Dashboard", "spec": {"x": ' + "9" * 6000 + "}}", "hand.json:1:1: no JSON"),
    ],
)
def test_json_that_is_no_dashboard_is_told(
    write: Write, load: Load, folder: Path, text: str, problem: str
) -> None:
    write("hand.json", text)
    assert problem == said(load, folder)[0][: len(problem)]


def test_a_place_within_sql_is_that_of_its_file_or_of_the_yaml(write: Write, load: Load) -> None:
    write("one.sql", "SELECT\n  nothing")
    write(
        "a.yaml",
        alert("file", "one.sql")
        + "---\n"
        + alert("block", "|\n  SELECT\n    nothing")
        + "---\n"
        + alert("line", "SELECT nothing"),
    )
    of_file, of_block, of_line = all_queries(load())
    assert "nothing" == _text_at(of_file.place.within(2, 3))
    assert "nothing" == _text_at(of_block.place.within(2, 3))
    assert "nothing" == _text_at(of_line.place.within(1, 8))


def _text_at(place: Any) -> str:
    return str(place.file.read_text().splitlines()[place.line - 1][place.column - 1 :])


def test_an_slo_gives_its_conditions(write: Write, load: Load) -> None:
    write(
        "a.yaml",
        "kind: SLO\nname: s\nscope_value: x\ntotal: span_name = 'a'\nbad: is_exception\n"
        "target: 99.9\n",
    )
    assert [
        (Purpose.SLO, "s: total", "span_name = 'a'"),
        (Purpose.SLO, "s: bad", "is_exception"),
    ] == [(each.purpose, each.title, each.sql) for each in all_queries(load())]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.text(max_size=60) | st.binary(max_size=40))
def test_any_file_is_read_or_told_of(folder: Path, content: str | bytes) -> None:
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    (folder / "any.yaml").write_bytes(data)
    found = load_definitions([folder], combine(Declaration()))
    assert not found.alerts
    assert all(each.place.file == folder / "any.yaml" for each in found.problems)


def test_an_alert_has_the_defaults_a_user_would_expect(write: Write, load: Load) -> None:
    write("a.yaml", alert())
    (found,) = load().alerts
    assert (
        Alert(kind="Alert", name="stall", sql="SELECT 1", window="5m", every="1m")  # type: ignore[arg-type]
        == found.model
    )
    assert (True, "has_matches_changed", (), 300) == (
        found.model.active,
        found.model.notify_when,
        found.model.channels,
        found.model.window,
    )
