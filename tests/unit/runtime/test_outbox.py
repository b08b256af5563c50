from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from functions.runtime.outbox import name_task


@given(st.text(), st.text(), st.text())
def test_a_tasks_name_is_one_that_cloud_tasks_and_firestore_take(
    parent: str, stage: str, key: str
) -> None:
    assert re.fullmatch(r"[0-9a-f]{40}", name_task(parent, stage, key))


def test_the_same_decision_has_the_same_name_and_siblings_differ() -> None:
    assert name_task("p", "sourcing", "a") == name_task("p", "sourcing", "a")
    assert 3 == len(
        {
            name_task("p", "sourcing", "a"),
            name_task("p", "sourcing", "b"),
            name_task("q", "sourcing", "a"),
        }
    )
