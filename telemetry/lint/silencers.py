"""Comments that silence rules for the file they are in.

In SQL ``-- lint: ignore MS017 (forty stages at most) until 2027-01-31``, in YAML the same behind
``#``. Several codes have commas between them; the day is optional, the reason is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

from telemetry.definitions.places import Place
from telemetry.lint.findings import Finding
from telemetry.lint.registry import find_rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

CODE: Final = "MS050"
"""Of what is found of silencers."""

_COMMENT: Final = re.compile(r"(?:--|#)[ \t]*lint:[ \t]*(?P<rest>[^\n]*)")
_FORM: Final = re.compile(
    r"ignore\s+(?P<codes>[\w.-]+(?:\s*,\s*[\w.-]+)*)"
    r"(?:\s*\((?P<reason>[^()]*(?:\([^()]*\)[^()]*)*)\))?"
    r"(?:\s*until\s+(?P<until>\S+))?\s*(?:\*/)?\s*"
)
_EXPLAINED: Final = "Write -- lint: ignore MS017 (why) until 2027-01-31"


@dataclass(slots=True)
class Silencer:
    """Hold a silencer.

    Attributes:
        place: Where it stands.
        codes: The codes it silences in its file, and whether each has silenced anything yet.
    """

    place: Place
    codes: dict[str, bool] = field(default_factory=dict)


def apply_silencers(
    findings: Sequence[Finding], texts: Mapping[Path, str], today: date
) -> tuple[list[Finding], int]:
    """Leave out what is silenced, and add what is wrong with the silencers.

    Args:
        findings: All there are.
        texts: Of the files, with the silencers in them.
        today: The day that decides which have run out.

    Returns:
        What is left and added, and how many were silenced; what a template repeats counts once.
    """
    added: list[Finding] = []
    silencers = [each for file, text in texts.items() for each in _read(file, text, today, added)]
    by_code: dict[tuple[Path, str], Silencer] = {}
    for each in silencers:
        for code in each.codes:
            by_code.setdefault((each.place.file, code), each)
    left = []
    silenced = set()
    for finding in findings:
        silencer = by_code.get((finding.place.file, finding.code))
        if silencer is None:
            left.append(finding)
        else:
            silencer.codes[finding.code] = True
            silenced.add((finding.place, finding.code, finding.message))
    for each in silencers:
        added += [
            Finding(
                place=each.place,
                code=CODE,
                message=f"nothing here is silenced of {code}",
                hint="Leave it out",
            )
            for code, is_used in each.codes.items()
            if not is_used
        ]
    return [*left, *added], len(silenced)


def _read(file: Path, text: str, today: date, added: list[Finding]) -> Iterator[Silencer]:
    if "lint:" not in text or file.suffix == ".json":
        return
    for number, line in enumerate(text.splitlines(), 1):
        match = _COMMENT.search(line)
        if match is None:
            continue
        place = Place(file, number, match.start() + 1)
        problem, codes = _judge(match["rest"], today)
        for message, hint in problem:
            added.append(Finding(place=place, code=CODE, message=message, hint=hint))
        if codes:
            yield Silencer(place, dict.fromkeys(codes, False))


def _judge(text: str, today: date) -> tuple[list[tuple[str, str]], list[str]]:
    """Return what is wrong with a silencer, and the codes it silences."""
    match = _FORM.fullmatch(text)
    if match is None:
        return [("this silencer cannot be read", _EXPLAINED)], []
    if not (match["reason"] or "").strip():
        return [("a silencer says why", _EXPLAINED)], []
    until = match["until"]
    if until is not None:
        try:
            day = date.fromisoformat(until)
        except ValueError:
            return [(f"{until!r} is no day", "Write it as 2027-01-31")], []
        if day < today:
            return [(f"this silencer has run out on {day}", "Mend what it silences")], []
    problems, codes = [], []
    for code in re.split(r"\s*,\s*", match["codes"]):
        rule = find_rule(code)
        if rule is None or rule.code == CODE:
            problems.append((f"there is no rule {code} to silence", "mystage lint --rules"))
        else:
            codes.append(rule.code)
    return problems, codes
