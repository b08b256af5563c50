from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from functions.runtime.store import Document
from functions.stages.entity_writers import merge_claims

NOW = datetime(2027, 3, 1, tzinfo=UTC)


def claim(source: str, fields: dict[str, Any], *, precedence: int = 0, url: str = "") -> Document:
    data = {"source_id": source, "part": 0, "fields": fields, "precedence": precedence, "url": url}
    return Document("entity_sources", source, data, NOW, NOW)


@pytest.mark.parametrize(
    ("claims", "merged"),
    [
        # one source
        ([claim("a", {"name": "X"})], {"name": "X"}),
        # the first by id, where nothing else tells them apart
        ([claim("b", {"name": "Y"}), claim("a", {"name": "X"})], {"name": "X"}),
        # what one does not know, the other does
        (
            [claim("a", {"name": "X", "city": None}), claim("b", {"city": "Leeds"})],
            {"name": "X", "city": "Leeds"},
        ),
        # precedence before id
        ([claim("a", {"name": "X"}), claim("b", {"name": "Y"}, precedence=1)], {"name": "Y"}),
        # an entity's own site before others
        (
            [
                claim("a", {"name": "X", "url": "https://v.example/"}, url="https://t.example/l"),
                claim(
                    "b", {"name": "Y", "url": "https://v.example/"}, url="https://www.v.example/"
                ),
            ],
            {"name": "Y", "url": "https://v.example/"},
        ),
        # a value that is false or nought is a value
        ([claim("a", {"online": False}), claim("b", {"online": True})], {"online": False}),
        # a line-up is what any of them lists, each once
        (
            [claim("a", {"artist_ids": ["1", "2"]}), claim("b", {"artist_ids": ["3", "2"]})],
            {"artist_ids": ["1", "2", "3"]},
        ),
        # a cancellation is not undone by the silence of others
        (
            [claim("a", {"status": "scheduled"}), claim("b", {"status": "cancelled"})],
            {"status": "cancelled"},
        ),
        ([claim("a", {"status": "scheduled"})], {"status": "scheduled"}),
        ([], {}),
    ],
)
def test_sources_are_merged_by_rule_in_whatever_order_they_come(
    claims: list[Document], merged: dict[str, Any]
) -> None:
    assert [merged] * len(list(permutations(claims))) == [
        merge_claims(order) for order in permutations(claims)
    ]
