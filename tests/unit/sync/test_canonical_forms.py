from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.sync.canonical import Labels, canonical
from telemetry.sync.markers import add_marker, digest_of, is_written, read_marker, strip_marker
from telemetry.sync.resources import Kind

if TYPE_CHECKING:
    import random

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)
TEXTS = st.text(max_size=30)
DURATIONS = st.sampled_from(["PT24H", "P1D", "PT1440M", "PT15M", "PT900S", "1h", "soon"])

ASSIGNMENTS = st.lists(
    st.fixed_dictionaries(
        {"channel_id": st.sampled_from(["c1", "c2", "c3"])},
        optional={"schedule_id": st.sampled_from(["s1", None])},
    ),
    max_size=4,
)
ALERTS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "query": TEXTS,
        "time_window": DURATIONS,
        "frequency": DURATIONS,
        "channel_assignments": ASSIGNMENTS,
        "notify_when": st.sampled_from(["has_matches", "matches_changed"]),
    },
    optional={
        "description": st.none() | TEXTS,
        "active": st.booleans(),
        "watermark": DURATIONS,
        "environments": st.none() | st.lists(NAMES, max_size=3),
    },
)
SLOS = st.fixed_dictionaries(
    {"name": NAMES, "total_query": TEXTS, "bad_query": TEXTS},
    optional={
        "target_percent": st.sampled_from(["99.9", "99.90", 99, "no"]),
        "alerts": st.dictionaries(
            st.sampled_from(["fast", "medium", "slow"]),
            st.fixed_dictionaries({"channel_assignments": ASSIGNMENTS}),
        ),
        "environments": st.lists(NAMES, max_size=3),
        "threshold": st.floats(allow_nan=False, allow_infinity=False),
    },
)
CHANNELS = st.fixed_dictionaries(
    {
        "label": NAMES,
        "config": st.sampled_from(
            [
                {"type": "webhook", "url": "https://x/**********"},
                {"type": "webhook", "url": "${HOOK}", "format": "auto"},
                {"type": "pagerduty", "routing_key": "secret", "region": None},
                {"type": "email"},
            ]
        ),
    },
    optional={"active": st.booleans()},
)
SCHEDULES = st.fixed_dictionaries(
    {
        "label": NAMES,
        "windows": st.lists(
            st.fixed_dictionaries(
                {
                    "days": st.lists(st.integers(1, 7)),
                    "start_time": st.sampled_from(["09:00", "09:00:00"]),
                    "end_time": st.just("18:00"),
                }
            ),
            max_size=3,
        ),
    },
    optional={"timezone": st.sampled_from(["UTC", "Europe/Paris"])},
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
VARIABLES = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["TextVariable", "ListVariable"]),
        "spec": st.fixed_dictionaries(
            {"name": st.just("v")},
            optional={
                "display": st.sampled_from([{"name": "v"}, {"name": "V", "hidden": False}]),
                "allowMultiple": st.booleans(),
                "allowAllValue": st.booleans(),
                "value": TEXTS,
                "plugin": st.fixed_dictionaries(
                    {
                        "kind": st.just("StaticListVariable"),
                        "spec": st.fixed_dictionaries({"values": st.lists(JSON, max_size=3)}),
                    }
                ),
            },
        ),
    }
)
PANELS = st.fixed_dictionaries(
    {
        "spec": st.fixed_dictionaries(
            {
                "display": st.fixed_dictionaries({"name": NAMES, "description": st.none() | TEXTS}),
                "plugin": st.fixed_dictionaries(
                    {"kind": st.just("Table"), "spec": st.dictionaries(TEXTS, JSON, max_size=3)}
                ),
                "queries": st.lists(
                    st.fixed_dictionaries(
                        {
                            "spec": st.fixed_dictionaries(
                                {
                                    "plugin": st.fixed_dictionaries(
                                        {"spec": st.fixed_dictionaries({"query": TEXTS})}
                                    )
                                }
                            )
                        }
                    ),
                    max_size=2,
                ),
            }
        )
    }
)
ITEMS = st.fixed_dictionaries(
    {"x": st.integers(0, 23), "y": st.integers(0, 9), "content": st.just({"$ref": "#/x"})}
)
DASHBOARDS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "definition": st.fixed_dictionaries(
            {
                "spec": st.fixed_dictionaries(
                    {
                        "display": st.fixed_dictionaries({"name": NAMES}),
                        "panels": st.dictionaries(NAMES, PANELS, max_size=2),
                        "layouts": st.lists(
                            st.fixed_dictionaries(
                                {
                                    "spec": st.fixed_dictionaries(
                                        {
                                            "items": st.lists(ITEMS, max_size=3),
                                            "display": st.just({"collapse": {"open": True}}),
                                        }
                                    )
                                }
                            ),
                            max_size=2,
                        ),
                    },
                    optional={
                        "variables": st.lists(VARIABLES, max_size=2),
                        "duration": st.sampled_from(["1h", "60m", "1h30m", "P1D", "now", ""]),
                        "refreshInterval": st.sampled_from(["0s", "60s", "1m", ""]),
                        "extra": JSON,
                    },
                )
            }
        ),
    }
)
BODIES = st.one_of(
    *(
        st.tuples(st.just(kind), bodies)
        for kind, bodies in (
            (Kind.ALERT, ALERTS),
            (Kind.SLO, SLOS),
            (Kind.CHANNEL, CHANNELS),
            (Kind.SCHEDULE, SCHEDULES),
            (Kind.DASHBOARD, DASHBOARDS),
        )
    )
)
LABELS = Labels(channels={"c1": "on call", "c2": "team"}, schedules={"s1": "office hours"})


@given(BODIES)
def test_a_canonical_form_is_its_own(body: tuple[Kind, dict[str, Any]]) -> None:
    kind, content = body
    form = canonical(kind, content, LABELS)
    assert form == canonical(kind, form, LABELS)
    assert digest_of(form) == digest_of(canonical(kind, form))


def _shuffle(value: Any, rng: random.Random) -> Any:
    if isinstance(value, dict):
        items = [(key, _shuffle(each, rng)) for key, each in value.items()]
        rng.shuffle(items)
        return dict(items)
    return [_shuffle(each, rng) for each in value] if isinstance(value, list) else value


@given(BODIES, st.randoms(use_true_random=False))
def test_what_servers_and_exports_add_never_changes_it(
    body: tuple[Kind, dict[str, Any]], rng: random.Random
) -> None:
    kind, content = body
    noisy = _shuffle(copy.deepcopy(content), rng)
    noisy |= {"id": "1", "created_at": "now", "updated_by_name": "Ada", "organization_id": "2"}
    if kind is Kind.DASHBOARD:
        noisy["definition"] |= {
            "kind": "Dashboard",
            "metadata": {"name": "x", "version": 7, "createdAt": "now", "updatedAt": "now"},
        }
        noisy["definition"]["spec"] |= {"annotations": [{"x": 1}], "links": [{"url": "x"}]}
        noisy["definition"]["spec"].setdefault("datasources", {})
        noisy["definition"]["spec"].setdefault("variables", [])
        for layout in noisy["definition"]["spec"]["layouts"]:
            rng.shuffle(layout["spec"]["items"])
    if kind is Kind.ALERT:
        noisy |= {"last_run": "now", "has_matches": True, "result": [], "result_length": 0}
        rng.shuffle(noisy["channel_assignments"])
    if kind is Kind.SCHEDULE:
        rng.shuffle(noisy["windows"])
    assert canonical(kind, content, LABELS) == canonical(kind, noisy, LABELS)


@given(BODIES)
def test_the_marker_never_changes_it(body: tuple[Kind, dict[str, Any]]) -> None:
    kind, content = body
    marked = copy.deepcopy(content)
    form = canonical(kind, content, LABELS)
    if kind in (Kind.ALERT, Kind.SLO):
        marked["description"] = add_marker(str(content.get("description") or ""), "it", form)
    elif kind is Kind.DASHBOARD:
        marked["definition"]["spec"]["display"]["description"] = add_marker("", "it", form)
    assert form == canonical(kind, marked, LABELS)


def test_a_secret_is_not_in_it() -> None:
    for config in (
        {"type": "webhook", "url": "https://hooks.example.com/secret"},
        {"type": "opsgenie", "auth_key": "secret"},
        {"type": "pagerduty", "routing_key": "secret"},
        {"type": "new-one", "api_token": "secret"},
    ):
        assert "secret" not in str(canonical(Kind.CHANNEL, {"label": "x", "config": config}))


@pytest.mark.parametrize(
    "text", ["", "See the runbook.", "a\n\nb", "Managed by mystage (no digest)"]
)
def test_a_marker_is_found_and_taken_away_wherever_it_was_moved(text: str) -> None:
    marked = add_marker(text, "it", {"a": 1})
    for moved in (marked, f"{marked}\n", marked.replace("\n", "\r\n")):
        assert is_written({"a": 1}, read_marker(moved, "it"))
        assert not is_written({"a": 2}, read_marker(moved, "it"))
        assert text == strip_marker(moved)
    assert marked == add_marker(marked, "it", {"a": 1})


def test_a_text_without_marker_has_none() -> None:
    assert [None, None, None] == [
        read_marker(each, "it") for each in (None, "", "managed by mystage (01234567-0123456789ab)")
    ]


def test_the_marker_of_a_copied_description_is_none_of_the_copy() -> None:
    assert read_marker(add_marker("text", "copy", 1), "copy") is not None
    assert read_marker(add_marker("text", "original", 1), "copy") is None
