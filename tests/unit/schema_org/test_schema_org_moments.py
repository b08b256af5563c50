"""Dates and times: what is read, what is refused, and with which reason."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.stages.schema_org.moments import (
    MAX_WRITTEN,
    Moment,
    Unreadable,
    read_clock,
    read_interval,
    read_moment,
)

MAY_1 = date(2026, 5, 1)


@pytest.mark.parametrize(
    ("written", "time", "offset"),
    [
        # ISO 8601, extended
        ("2026-05-01", None, None),
        ("2026-05-01T20:00", "20:00", None),
        ("2026-05-01T20:00:00", "20:00", None),
        ("2026-05-01T20:00:00Z", "20:00", "+00:00"),
        ("2026-05-01T20:00:00+02:00", "20:00", "+02:00"),
        ("2026-05-01T20:00:00+0200", "20:00", "+02:00"),
        ("2026-05-01T20:00+02", "20:00", "+02:00"),
        ("2026-05-01T20:00-05:30", "20:00", "-05:30"),
        ("2026-05-01T20:00\N{MINUS SIGN}05:30", "20:00", "-05:30"),
        ("2026-05-01T20:00:00.000Z", "20:00", "+00:00"),
        ("2026-05-01T20:00:00,5+02:00", "20:00", "+02:00"),
        ("2026-05-01T20", "20:00", None),
        ("2026-05-01T", None, None),
        ("2026-05-01Z", None, None),
        ("2026-05-01t20:00z", "20:00", "+00:00"),
        # basic, week, ordinal
        ("20260501", None, None),
        ("20260501T2000", "20:00", None),
        ("20260501T200000Z", "20:00", "+00:00"),
        ("2026-W18-5", None, None),
        ("2026W185", None, None),
        ("2026-121", None, None),
        ("2026121", None, None),
        # nearly ISO 8601
        ("2026-05-01 20:00", "20:00", None),
        ("2026-05-01  20:00:00 +0200", "20:00", "+02:00"),
        ("2026-05-01, 20:00", "20:00", None),
        ("2026-5-1", None, None),
        ("2026/05/01", None, None),
        ("2026.05.01", None, None),
        ("2026-05-01 8pm", "20:00", None),
        ("2026-05-01T20:00:00+02:00[Europe/Berlin]", "20:00", "+02:00"),
        ("2026-05-01T20:00:00 GMT", "20:00", "+00:00"),
        ("2026\u5e745\u67081\u65e5", None, None),
        # an offset no clock has is left out, the time stays
        ("2026-05-01T20:00+99:00", "20:00", None),
        # as people write
        ("Friday, 1 May 2026 20:00", "20:00", None),
        ("May 1st, 2026 8pm", "20:00", None),
        ("May 1, 2026 8:30 p.m.", "20:30", None),
        ("1 May 2026 at 7.30pm", "19:30", None),
        ("Fri 1 May 2026 @ 8pm", "20:00", None),
        ("12am 1 May 2026", "00:00", None),
        ("12pm 1 May 2026", "12:00", None),
        ("01.05.2026", None, None),
        ("1. 5. 2026 19:00", "19:00", None),
        ("13h 1 May 2026", "13:00", None),
        ("1 May 2026 20:00 - 23:00", "20:00", None),
        ("Fri May 01 2026 20:00:00 GMT+0200 (Central European Summer Time)", "20:00", "+02:00"),
        ("Fri, 01 May 2026 20:00:00 +0000", "20:00", "+00:00"),
        ("1 May 2026 20:00 PST", "20:00", None),  # PST is two zones at least
        # in other languages
        ("Freitag, 1. Mai 2026, 20:30 Uhr", "20:30", None),
        ("am 1. Mai 2026 um 20 Uhr", "20:00", None),
        ("vendredi 1er mai 2026 à 20h30", "20:30", None),
        ("viernes 1 de mayo de 2026", None, None),
        ("sexta-feira, 1 de maio de 2026 às 21h", "21:00", None),
        ("1º maggio 2026 ore 21:00", "21:00", None),
        ("vrijdag 1 mei 2026 om 20.30 uur", "20:30", None),
    ],
)
def test_a_date_is_read_as_it_stands(written: str, time: str | None, offset: str | None) -> None:
    assert Moment(MAY_1, time, offset) == read_moment(written)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        # the end of a day is the start of the next one
        ("2026-04-30T24:00", Moment(MAY_1, "00:00")),
        # the date is not shifted into another zone
        ("2026-05-01T23:30-11:00", Moment(MAY_1, "23:30", "-11:00")),
        # a date that is the same read both ways
        ("05/05/2026", Moment(date(2026, 5, 5))),
        # a date that can be read in one way only
        ("13/02/2026", Moment(date(2026, 2, 13))),
        ("02/13/2026", Moment(date(2026, 2, 13))),
        # dots put the day first
        ("05.06.2026", Moment(date(2026, 6, 5))),
        ("29 February 2028", Moment(date(2028, 2, 29))),
    ],
)
def test_rules_decide_where_dates_could_mislead(written: str, expected: Moment) -> None:
    assert expected == read_moment(written)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "has no date"),
        ("tomorrow", "no year of four digits"),
        ("Friday", "no year of four digits"),
        ("20:00", "has no date"),
        ("May 5", "no year of four digits"),
        ("5.6.26", "no year of four digits"),
        ("1777660800", "no year of four digits"),
        ("2026", "has no day"),
        ("2026-05", "has no day"),
        ("May 2026", "lacks a day"),
        ("Friday May 2026", "lacks a day"),
        ("05/06/2026", "could be 2026-05-06 or 2026-06-05"),
        ("1 5 2026", "could be 2026-01-05 or 2026-05-01"),
        ("2026-02-30", "not in the calendar"),
        ("2026-13-01", "not in the calendar"),
        ("2027-366", "not in the calendar"),
        ("2026-W54-1", "not in the calendar"),
        ("0000-00-00", "not in the calendar"),
        ("30 February 2026", "is not a date"),
        ("0026-05-01", "the year 26 cannot be meant"),
        ("9999-12-31T24:00", "the year 9999 cannot be meant"),
        ("2026-05-01T25:00", "a time that no clock shows"),
        ("1 May 2026 13pm", "a time that no clock shows"),
        ("1 May 2026 doors 19:00 show 20:00", "more than one time"),
        ("1-3 May 2026", "is not one date"),
        ("10 11 12 2026", "is not one date"),
        ("Sep 17 2026 14", "is not one date"),
        ("1st & 2nd May 2026", "is not a date"),
        ("1 May 2026 or thereabouts", "is not a date"),
        ("x" * (MAX_WRITTEN + 1), "too long for a date"),
    ],
)
def test_what_is_no_single_date_is_refused_with_a_reason(written: str, reason: str) -> None:
    moment = read_moment(written)
    assert isinstance(moment, Unreadable), moment
    assert reason in moment.reason


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ("2026-05-01/2026-05-03", Moment(MAY_1), Moment(date(2026, 5, 3))),
        (
            "2026-05-01T20:00/2026-05-02T02:00",
            Moment(MAY_1, "20:00"),
            Moment(date(2026, 5, 2), "02:00"),
        ),
        ("1 May 2026 \N{EN DASH} 3 May 2026", Moment(MAY_1), Moment(date(2026, 5, 3))),
        ("2026-05-01T20:00/23:00", Moment(MAY_1, "20:00"), None),
        ("2026/05/01", Moment(MAY_1), None),
    ],
)
def test_an_interval_gives_its_start_and_its_end(
    written: str, start: Moment, end: Moment | None
) -> None:
    assert (start, end) == read_interval(written)


@pytest.mark.parametrize(
    ("written", "clock"),
    [
        ("19:00", "19:00"),
        ("T19:00:00", "19:00"),
        ("19:00:00+02:00", "19:00"),
        ("2026-05-01T19:00", "19:00"),
        ("7pm", "19:00"),
        ("19", "19:00"),
        ("7", None),
        ("25:00", None),
        ("2026-05-01", None),
        ("at sunset", None),
    ],
)
def test_a_clock_is_read_from_a_time_or_a_date_and_time(written: str, clock: str | None) -> None:
    assert clock == read_clock(written)


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.times())
def test_every_iso_form_of_a_moment_reads_the_same(day: date, time: object) -> None:
    clock = f"{time:%H:%M}"
    week = day.isocalendar()
    ordinal = (day - date(day.year, 1, 1)).days + 1
    forms = [f"{day}T{clock}", f"{day:%Y%m%d}T{time:%H%M}", f"{day.year:04}-{ordinal:03}T{clock}"]
    if week.year <= 2199:
        forms.append(f"{week.year:04}-W{week.week:02}-{week.weekday}T{clock}")
    assert {Moment(day, clock)} == {read_moment(form) for form in forms}


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_a_date_in_words_reads_the_same_as_in_digits(day: date) -> None:
    words = f"{day:%A}, {day.day} {day:%B} {day.year}"
    assert read_moment(day.isoformat()) == read_moment(words)


@given(st.text(max_size=120) | st.text("0123456789-/.:T ZWapmMonyJ+,", max_size=40))
def test_any_text_is_a_date_or_refused(written: str) -> None:
    moment = read_moment(written)
    if isinstance(moment, Moment):
        assert 1900 <= moment.date.year <= 2199
        # The year was written down, or was a day away from a year that was.
        near = {moment.date.year, (moment.date - timedelta(days=6)).year}
        near.add((moment.date + timedelta(days=6)).year)
        assert any(f"{year}" in written for year in near)
    else:
        assert moment.reason
    read_interval(written)
    read_clock(written)
