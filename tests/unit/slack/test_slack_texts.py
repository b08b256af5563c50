"""Foreign text for Slack: short enough, readable, and nothing in it does anything."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.slack.blocks import render_mrkdwn
from telemetry.slack.limits import MAX_HEADER, find_fault, measure
from telemetry.slack.mrkdwn import (
    ELLIPSIS,
    date,
    escape,
    escape_code,
    escape_inline,
    link,
    write_plain,
)
from telemetry.terminal import clean, on_one_line

HOSTILE = st.text(
    st.one_of(
        st.sampled_from("&<>`*_~|!@# a1\n\r\t\x00\u202e\u2066\u2028â€\U0001f534漢"),
        st.characters(codec="utf-8"),
    ),
    max_size=400,
)
LIMITS = st.integers(1, 400)


@pytest.mark.parametrize(
    ("text", "limit", "escaped"),
    [
        ("a < b & c > d", 40, "a &lt; b &amp; c &gt; d"),
        ("&&", 10, "&amp;&amp;"),
        ("&&", 9, "&amp;…"),
        ("&&", 5, "…"),
        ("\U0001f534\U0001f534", 4, "\U0001f534\U0001f534"),
        ("\U0001f534\U0001f534", 3, "\U0001f534…"),
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("one\ntwo\x1b[31m\u202e", 40, "one\\ntwo\\x1b[31m\\x202e"),
    ],
)
def test_a_text_is_escaped_and_cut(text: str, limit: int, escaped: str) -> None:
    assert escaped == escape(text, limit)


def test_ends_of_lines_stay_where_they_may() -> None:
    assert "a\nb\\x00" == escape("a\nb\x00", 40, lines=True)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("snake_case 2*3", "snake_case 2*3"),
        ("*a*", "\u200b*\u200ba\u200b*\u200b"),
        ("`a`", "ˋaˋ"),
        (">a", "\u200b&gt;a"),
        ("a>b", "a&gt;b"),
    ],
)
def test_marks_that_could_be_meant_are_none(text: str, escaped: str) -> None:
    assert escaped == escape_inline(text, 40)


@given(HOSTILE, LIMITS)
def test_an_escaped_text_is_its_beginning_within_its_limit(text: str, limit: int) -> None:
    escaped = escape(text, limit, lines=True)

    assert measure(escaped) <= limit
    assert not set("<>") & set(escaped)
    assert [] == re.findall(r"&(?!(?:amp|lt|gt);)", escaped)
    whole = re.sub("&(amp|lt|gt);", lambda match: html.unescape(match[0]), escaped)
    assert clean(text) == whole or (
        whole.endswith(ELLIPSIS) and clean(text).startswith(whole.removesuffix(ELLIPSIS))
    )


@given(HOSTILE, LIMITS)
def test_a_text_that_fits_is_not_cut(text: str, limit: int) -> None:
    long = escape(text, 10_000)

    assert (long == escape(text, limit)) == (measure(long) <= limit)


@given(HOSTILE, LIMITS, st.sampled_from(["", "*", "_", "~", "`"]))
def test_whatever_stands_within_marked_up_text_is_shown_as_it_is(
    text: str, limit: int, mark: str
) -> None:
    escaped = escape_inline(text, limit)

    assert measure(escaped) <= limit
    shown = render_mrkdwn(f"{escaped} {mark}")
    assert "<" not in shown
    read = html.unescape(shown).removesuffix(f" {mark}").replace("\u200b", "").replace("ˋ", "`")
    expected = on_one_line(text).replace("\u200b", "").replace("ˋ", "`")
    assert expected == read or expected.startswith(read.removesuffix(ELLIPSIS))


@given(HOSTILE, LIMITS)
def test_nothing_in_a_line_of_code_ends_it(text: str, limit: int) -> None:
    escaped = escape_code(text, limit)

    assert measure(escaped) <= limit
    assert not set("`<>\n") & set(escaped)


@given(HOSTILE)
def test_what_is_cut_to_a_limit_slack_takes(text: str) -> None:
    header = {"type": "header", "text": write_plain(escape(f"!{text}" * 9, MAX_HEADER))}

    assert find_fault({"blocks": [header]}) is None


def test_limits_count_what_the_largest_count_is() -> None:
    assert [0, 1, 2, 4] == [measure(each) for each in ("", "漢", "\U0001f534", "a漢\U0001f534")]
    header = {"type": "header", "text": write_plain("\U0001f534" * 76)}
    assert find_fault({"blocks": [header]}) is not None


def test_what_is_foreign_in_a_link_stays_within_it() -> None:
    assert "<https://a.example/?a=1&amp;b=%3Cx%3E%7C%22|Alert>" == link(
        'https://a.example/?a=1&b=<x>|"', "Alert"
    )


def test_a_date_says_the_time_where_slack_cannot() -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)

    assert "<!date^1772366400^{date_short_pretty} {time_secs}|2026-03-01 12:00:00 UTC>" == date(
        moment
    )


@pytest.mark.parametrize("module", ["limits", "mrkdwn", "tables", "inbox"])
def test_writing_messages_needs_no_web_framework(module: str) -> None:
    program = (
        f"import sys, telemetry.slack.{module}\n"
        "print([name for name in ('starlette', 'jinja2', 'uvicorn') if name in sys.modules])"
    )

    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert "[]\n" == told.stdout
