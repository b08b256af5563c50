"""Read dates as people write them: "Friday 1 May 2026, 8pm", "1. Mai 2026 um 20 Uhr".

The clock is found here; the date is left to dateutil, which knows many forms and guesses too
readily. So it is asked several times, from different starting points, and believed only where all
answers agree and the year stands in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dateutil.parser import parser

_CLOCK: Final = re.compile(
    r"""
    (?<![0-9./:-])
    (?P<hour>[0-9]{1,2})
    (?: :(?P<minute>[0-9]{2}) (?: :[0-9]{2} (?:\.[0-9]+)? )? (?:\s*(?P<half>[ap])\.?m\b\.?)?
      | (?:\.(?P<minute_dotted>[0-9]{2}))? \s* (?P<half_only>[ap])\.?m\b\.?
      | \.(?P<minute_uhr>[0-9]{2})(?=\s*(?:uhr|uur)\b)
      | \s*(?=(?:uhr|uur)\b)
      | \s*h\s?(?P<minute_h>[0-9]{2})? (?![0-9a-z])
    )
    (?:\s*(?:uhr|hrs?|uur)\b)?
    (?P<zone> \s* (?:GMT|UTC)? \s* (?P<sign>[+\u2212-]) (?P<zone_h>[0-9]{2}) :?
        (?P<zone_m>[0-9]{2}) (?![0-9])
      | \s* (?:GMT|UTC|Z)\b
      | \s* [A-Z]{2,4}T\b
    )?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CLOCK_RANGE: Final = re.compile(r"\s*(?:-|\u2013|\u2014|to|bis|until)\s*", re.IGNORECASE)
_ASIDE: Final = re.compile(r"\([^()]*\)")
_ORDINAL: Final = re.compile("(?<=[0-9])[\u00ba\u00b0]")
_YEAR: Final = re.compile(r"(?<![0-9])[0-9]{4}(?![0-9])")
_YEAR_FIRST: Final = re.compile(r"(?<![0-9])[0-9]{4}[-/.][0-9]{1,2}[-/.]")
_DOTTED: Final = re.compile(r"(?<![0-9])[0-9]{1,2}\.\s?[0-9]{1,2}\.\s?[0-9]{4}(?![0-9])")
_EDGES: Final = " ,;@|\u00b7\u2022-\u2013\u2014/"

_NOON: Final = 12
_HOURS: Final = 24
_MINUTES: Final = 60
_STARTING_POINTS: Final = (datetime(2000, 1, 1, 1, 1), datetime(2001, 3, 30, 14, 14))  # noqa: DTZ001 - local dates have no zone
"""Two defaults without a field in common: what dateutil fills in from them shows."""


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """Be a date that a person wrote.

    Attributes:
        time: ``HH:MM``, or None.
        utc_minutes: The distance from UTC, where it is written as a number.
    """

    date: date
    time: str | None
    utc_minutes: int | None


def read_written_date(text: str) -> WrittenDate | str:
    """Read a date, strictly.

    Day, month and a year of four digits must all be there. ``05/06/2026`` is refused, because
    readers differ over it; ``05.06.2026`` is read, because writers with dots put the day first.

    Args:
        text: The date, white space folded, at most about a hundred characters.

    Returns:
        The date, or the reason why it is none, as half a sentence.
    """
    rest = _ORDINAL.sub("", _ASIDE.sub(" ", text))
    clocks = list(_CLOCK.finditer(rest))
    if len(clocks) > 1 and not _is_range(rest, clocks):
        return f"{text!r} gives more than one time"
    time = utc_minutes = None
    if clocks:
        time = _time_of(clocks[0])
        if time is None:
            return f"{text!r} has a time that no clock shows"
        utc_minutes = _offset_of(clocks[0])
        rest = f"{rest[: clocks[0].start()]} {rest[clocks[-1].end() :]}"
    rest = re.sub(r"^am\s", "", " ".join(rest.split()).strip(_EDGES), flags=re.IGNORECASE)
    if not rest:
        return f"{text!r} has no date"
    day = _read_day(rest)
    return day if isinstance(day, str) else WrittenDate(day, time, utc_minutes)


def _is_range(text: str, clocks: list[re.Match[str]]) -> bool:
    between = text[clocks[0].end() : clocks[1].start()]
    return len(clocks) == len(("from", "to")) and bool(_CLOCK_RANGE.fullmatch(between))


def _time_of(clock: re.Match[str]) -> str | None:
    part = clock.groupdict()
    hour = int(part["hour"])
    minute = int(
        part["minute"] or part["minute_dotted"] or part["minute_uhr"] or part["minute_h"] or 0
    )
    half = part["half"] or part["half_only"]
    if half:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if half in "pP" else 0)
    if hour >= _HOURS or minute >= _MINUTES:
        return None
    return f"{hour:02}:{minute:02}"


def _offset_of(clock: re.Match[str]) -> int | None:
    """Give minutes from UTC; None for abbreviations, since CST alone is three zones."""
    zone = (clock["zone"] or "").strip().upper()
    if zone in ("GMT", "UTC", "Z"):
        return 0
    if not clock["sign"]:
        return None
    minutes = int(clock["zone_h"]) * _MINUTES + int(clock["zone_m"])
    return minutes if clock["sign"] == "+" else -minutes


def _read_day(text: str) -> date | str:
    years = _YEAR.findall(text)
    if not years:
        return f"{text!r} has no year of four digits"
    year_first = bool(_YEAR_FIRST.search(text))
    day_first = bool(_DOTTED.search(text))
    days = []
    for order in (False,) if year_first else (True,) if day_first else (False, True):
        day = _agreed_day(text, day_first=order, year_first=year_first)
        if isinstance(day, str):
            return f"{text!r} {day}"
        days.append(day)
    if days[0] != days[-1]:
        return f"{text!r} could be {days[0]} or {days[-1]}"
    return days[0] if f"{days[0].year:04}" in years else f"{text!r} is not one date"


def _agreed_day(text: str, *, day_first: bool, year_first: bool) -> date | str:
    """Ask from both starting points; where the answers differ, something was filled in."""
    answers = []
    for start in _STARTING_POINTS:
        answer = _ask(text, start, day_first=day_first, year_first=year_first)
        if answer is None:
            return "is not a date"
        answers.append(answer)
    one, other = answers
    if one.hour == other.hour:  # a number was taken for a time of day
        return "is not one date"
    return one.date() if one.date() == other.date() else "lacks a day, a month or a year"


def _ask(text: str, start: datetime, *, day_first: bool, year_first: bool) -> datetime | None:
    try:
        return _dateutil().parse(
            text, default=start, ignoretz=True, dayfirst=day_first, yearfirst=year_first
        )
    except (ValueError, OverflowError, TypeError, ArithmeticError):
        # ArithmeticError: decimal.InvalidOperation, from digits that are not ASCII.
        return None


@cache
def _dateutil() -> parser:
    """Build a parser that knows the names of months and days in seven languages."""
    from dateutil.parser import parser, parserinfo  # noqa: PLC0415 - most pages write ISO dates

    names = {
        "MONTHS": _with_foreign_names(parserinfo.MONTHS, _MONTHS),
        "WEEKDAYS": _with_foreign_names(parserinfo.WEEKDAYS, _WEEKDAYS),
        "JUMP": [*parserinfo.JUMP, *_CONNECTING_WORDS],
    }
    return parser(type("ManyLanguages", (parserinfo,), names)())


def _with_foreign_names(
    english: Sequence[tuple[str, ...]], foreign: Sequence[str]
) -> list[tuple[str, ...]]:
    return [(*names, *others.split()) for names, others in zip(english, foreign, strict=True)]


# German, French, Spanish, Italian, Portuguese, Dutch. Abbreviations that are a day in one language
# and a month in another ("mar") are left to English.
_MONTHS: Final = (
    "januar jänner janvier enero gennaio janeiro januari janv ene genn",
    "februar février febrero febbraio fevereiro februari févr fév febbr fev",
    "märz mars marzo março maart mär mrz",
    "avril abril aprile avr abr",
    "mai mayo maggio maio mei magg",
    "juni juin junio giugno junho giu",
    "juli juillet julio luglio julho juil lug",
    "août agosto augustus ago",
    "septembre septiembre settembre setembro sett",
    "oktober octobre octubre ottobre outubro okt ott out",
    "novembre noviembre novembro",
    "dezember décembre diciembre dicembre dezembro december dez déc dic",
)
_WEEKDAYS: Final = (
    "montag lundi lunes lunedì segunda maandag mo lun",
    "dienstag mardi martes martedì terça dinsdag di",
    "mittwoch mercredi miércoles mercoledì quarta woensdag mi mer",
    "donnerstag jeudi jueves giovedì quinta donderdag do jeu gio jue",
    "freitag vendredi viernes venerdì sexta vrijdag fr ven vie",
    "samstag sonnabend samedi sábado sabato zaterdag sa sam sáb sab",
    "sonntag dimanche domingo domenica zondag so dim dom",
)
_CONNECTING_WORDS: Final = (
    *("um", "den", "der", "uhr", "ab"),
    *("le", "à", "de", "er", "ère"),
    *("el", "del", "las", "los", "il", "dal", "alle", "ore"),
    *("às", "feira", "em"),
    *("om", "op", "uur"),
    *("from", "the", "@"),
)
