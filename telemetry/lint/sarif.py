"""Findings as SARIF, which code hosts and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from telemetry.lint.registry import all_rules

if TYPE_CHECKING:
    from telemetry.lint.findings import Finding
    from telemetry.lint.linter import Report

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def as_sarif(report: Report) -> str:
    """Return the findings as one SARIF document, with all rules and their documentation."""
    rules = all_rules()
    index = {rule.code: number for number, rule in enumerate(rules)}
    return json.dumps(
        {
            "$schema": _SCHEMA,
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {
                        "driver": {
                            "name": "mystage lint",
                            "version": version("mystage"),
                            "rules": [
                                {
                                    "id": rule.code,
                                    "name": rule.name,
                                    "shortDescription": {"text": rule.title()},
                                    "fullDescription": {"text": rule.documentation()},
                                    "defaultConfiguration": {"level": "error"},
                                }
                                for rule in rules
                            ],
                        }
                    },
                    "columnKind": "unicodeCodePoints",
                    "results": [_result(each, index) for each in report.findings],
                }
            ],
        },
        ensure_ascii=False,
        indent=1,
    )


def _result(finding: Finding, index: dict[str, int]) -> dict[str, Any]:
    place = finding.place
    region = {"startLine": place.line, "startColumn": place.column}
    if finding.width:
        region["endColumn"] = place.column + finding.width
    hint = f". {finding.hint}" if finding.hint else ""
    whose = f" [{finding.subject}]" if finding.subject else ""
    return {
        "ruleId": finding.code,
        "ruleIndex": index[finding.code],
        "level": "error",
        "message": {"text": f"{finding.message}{hint}{whose}"},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": _uri(place.file)}, "region": region}}
        ],
    }


def _uri(file: Path) -> str:
    """Return a file's path as a URI, relative to the folder it is run in where it lies there."""
    absolute = file.absolute()
    if absolute.is_relative_to(Path.cwd()):
        return quote(absolute.relative_to(Path.cwd()).as_posix())
    return absolute.as_uri()
