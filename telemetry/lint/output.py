"""Findings as text, as JSON, and as annotations of GitHub."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from telemetry.lint.registry import find_rule
from telemetry.lint.secrets import masked
from telemetry.terminal import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.findings import Finding
    from telemetry.lint.linter import Report

"""What could steer a terminal, or turn the order of its text."""

_RED, _CYAN, _DIM, _PLAIN = "\x1b[31m", "\x1b[36m", "\x1b[2m", "\x1b[0m"


def plain_lines(report: Report) -> Iterator[str]:
    """Give one line for each finding, as editors and grep read it."""
    for each in report.findings:
        hint = f". {each.hint}" if each.hint else ""
        whose = f" [{each.subject}]" if each.subject else ""
        yield on_one_line(f"{each.place}: {each.code} {each.message}{hint}{whose}")


def terminal_lines(report: Report) -> Iterator[str]:
    """Give the findings with the lines they are about, for a person."""
    lines = {file: text.splitlines() for file, text in report.texts.items()}
    for each in report.findings:
        yield (
            f"{_CYAN}{on_one_line(str(each.place))}{_PLAIN}:"
            f" {_RED}{each.code}{_PLAIN} {on_one_line(each.message)}"
        )
        if each.subject:
            yield f"  {_DIM}{on_one_line(each.subject)}{_PLAIN}"
        yield from _excerpt(each, lines.get(each.place.file, []))
        if each.hint:
            yield f"  {on_one_line(each.hint)}"
        yield ""


def summary(report: Report) -> str:
    """Return the result in a line."""
    count = len(report.findings)
    found = "no findings" if not count else f"{count} finding{'s' * (count != 1)}"
    silenced = f", {report.silenced} silenced" if report.silenced else ""
    files = len(report.definitions.files)
    return (
        f"{found}{silenced} in {files} file{'s' * (files != 1)},"
        f" {report.queries} quer{'y' if report.queries == 1 else 'ies'}"
    )


def as_json(report: Report) -> str:
    """Return the findings as one JSON document."""
    return json.dumps(
        {
            "findings": [_json(each) for each in report.findings],
            "silenced": report.silenced,
            "files": len(report.definitions.files),
            "queries": report.queries,
        },
        ensure_ascii=False,
        indent=1,
    )


def github_lines(report: Report) -> Iterator[str]:
    """Give an annotation for each finding.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message
    """
    for each in report.findings:
        hint = f". {each.hint}" if each.hint else ""
        whose = f" [{each.subject}]" if each.subject else ""
        rule = find_rule(each.code)
        properties = {
            "file": each.place.file.as_posix(),
            "line": each.place.line,
            "col": each.place.column,
            "title": f"{each.code} {rule.name if rule else ''}".strip(),
        }
        written = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
        yield f"::error {written}::{_data(f'{each.message}{hint}{whose}')}"


def _json(finding: Finding) -> dict[str, Any]:
    rule = find_rule(finding.code)
    return {
        "file": finding.place.file.as_posix(),
        "line": finding.place.line,
        "column": finding.place.column,
        "code": finding.code,
        "rule": rule.name if rule else "",
        "message": finding.message,
        "hint": finding.hint,
        "subject": finding.subject,
    }


def _excerpt(finding: Finding, lines: list[str]) -> Iterator[str]:
    place = finding.place
    if not 1 <= place.line <= len(lines):
        return
    line = on_one_line(masked(lines[place.line - 1]).replace("\t", " "))
    yield f"  {line}"
    carets = "^" * max(min(finding.width, len(line) - place.column + 1), 1)
    yield f"  {' ' * (place.column - 1)}{_RED}{carets}{_PLAIN}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
