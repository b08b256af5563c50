"""What servers say in refusals, as one text."""

from __future__ import annotations

from typing import Any

import pytest

from telemetry.refusals import describe_refusal


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("no", "no"),
        ({"detail": "no such column"}, "no such column"),
        ({"message": "no"}, "{'message': 'no'}"),
        (
            {"detail": [{"loc": ["body", "sql"], "msg": "is missing"}, "and"]},
            "body.sql: is missing; and",
        ),
        ({"detail": "red \x1b[31m"}, "red \\x1b[31m"),
        ({"detail": [{"msg": "red \x1b[31m"}]}, ": red \\x1b[31m"),
        (None, "None"),
    ],
)
def test_a_refusal_says_what_is_wrong_whatever_its_shape(body: Any, text: str) -> None:
    assert text == describe_refusal(body)
