"""Addresses: what they ask for, and that they come back as they were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.admin.form_tokens import FormTokens
from functions.admin.identity import Role, Roles, Visitor
from functions.admin.queries import PagedQuery, read_back, read_place, read_query, write_place
from functions.errors import AdminUnprotected
from functions.runtime.failed_tasks.documents import FAILED_TASKS
from functions.runtime.failed_tasks.search import Criteria
from functions.runtime.store import Document

NOW = datetime(2026, 5, 1, 12, 30, 15, 123_456, tzinfo=UTC)


def test_what_is_not_asked_for_is_what_is_failed() -> None:
    asked = read_query({"stage": " ", "refresh": "10"})

    assert (Criteria(status="failed"), {}) == (asked.query.to_criteria(), asked.faults)
    assert "" == asked.query.to_address()
    assert not asked.query.is_filtered


def test_times_without_an_offset_are_utc() -> None:
    asked = read_query({"from": "2026-05-01T12:00", "to": "2026-05-01T12:00+02:00"})

    assert datetime(2026, 5, 1, 12, tzinfo=UTC) == asked.query.since
    assert datetime(2026, 5, 1, 10, tzinfo=UTC) == asked.query.until


_MOMENTS = st.none() | st.datetimes(
    min_value=NOW.replace(year=1970, tzinfo=None),
    max_value=NOW.replace(year=2100, tzinfo=None),
    timezones=st.just(UTC),
)


@given(
    st.builds(
        PagedQuery,
        status=st.sampled_from(["failed", "retrying", "resolved", "all"]),
        stage=st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(str.strip),
        text=st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(str.strip),
        since=_MOMENTS,
        until=_MOMENTS,
    )
)
def test_an_address_comes_back_as_it_was(query: PagedQuery) -> None:
    asked = read_query(dict(parse_qsl(query.to_address())))

    assert (query, {}) == (asked.query, asked.faults)


def test_the_way_back_keeps_filters_and_leads_nowhere_else() -> None:
    back = read_back("status=all&stage=a%26b&next=https://evil.example&from=nonsense#x")

    assert {"status": "all", "stage": "a&b"} == dict(parse_qsl(back))


def test_a_place_in_a_list_comes_back_as_it_was() -> None:
    later = NOW.astimezone(timezone(timedelta(hours=2)))
    seen = Document(FAILED_TASKS, "t-1", {"last_failed_at": later}, NOW, NOW)

    read = read_place(write_place(seen))

    assert ("t-1", NOW) == (read.id, read.data["last_failed_at"])
    assert "" == write_place(None)


@pytest.mark.parametrize("text", ["!", "e30", "W10", "WzEsMl0", "bm90IGpzb24", "ü", "/w"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no place in a list"):
        read_place(text)


def test_tokens_of_forms_are_of_one_visitor_and_of_two_days(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ann, bob = (Visitor(name, Role.OPERATOR, name) for name in ("ann", "bob"))
    tokens, others = FormTokens("one secret"), FormTokens("another")
    token = tokens.make(ann)

    assert tokens.holds(ann, token)
    assert FormTokens("one secret").holds(ann, token)  # another instance
    for held in (tokens.holds(bob, token), others.holds(ann, token), tokens.holds(ann, "")):
        assert not held
    today = datetime.now(UTC).date()
    for days, expected in ((1, True), (2, False)):
        later = today + timedelta(days=days)
        monkeypatch.setattr("functions.admin.form_tokens._today", lambda later=later: later)
        assert expected == tokens.holds(ann, token)


def test_roles_are_read_from_lists() -> None:
    roles = Roles.read("Ann@example.com; @ops.example", "@example.com,\n@ops.example")

    assert Role.OPERATOR == roles.find("ann@EXAMPLE.com", "example.com")
    assert Role.OPERATOR == roles.find("eve@ops.example", "ops.example")
    assert Role.VIEWER == roles.find("bob@example.com", "example.com")
    assert roles.find("bob@example.com", "") is None
    assert roles.find("", "") is None


@pytest.mark.parametrize("text", ["", "example.com", "ann", "@", "*"])
def test_lists_that_name_nobody_are_refused(text: str) -> None:
    with pytest.raises(AdminUnprotected):
        Roles.read(text, "")
