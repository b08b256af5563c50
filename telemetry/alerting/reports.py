"""What is said of tests: failures in words, JSON, and JUnit for CI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from telemetry.terminal import clean, on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from telemetry.alerting.coverage import Coverage
    from telemetry.alerting.runner import Miss, Result
    from telemetry.alerting.subjects import Subject

_MOST_ROWS: Final = 10
"""That are shown beside a failure."""
_WIDEST: Final = 60
"""Characters of a value that are shown."""
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def failure_lines(result: Result) -> Iterator[str]:
    """Give what is to be said of a test that failed: where, what, and the rows there were."""
    title = f"{on_one_line(result.test.subject.title)}: {on_one_line(result.test.case.name)}"
    shown: tuple[dict[str, Any], ...] | None = None
    for miss in result.misses:
        yield f"{miss.place}: {title}: {clean(miss.message)}"
        if miss.rows and miss.rows != shown:
            yield from row_lines(miss)
        shown = miss.rows


def row_lines(miss: Miss) -> Iterator[str]:
    """Give the rows there were as an indented table."""
    rows = miss.rows[:_MOST_ROWS]
    names = list(rows[0])
    cells = [
        [_cell(name) for name in names],
        *([_cell(row.get(name)) for name in names] for row in rows),
    ]
    widths = [max(len(line[index]) for line in cells) for index in range(len(names))]
    for line in cells:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield f"    {'  '.join(padded)}".rstrip()
    if len(miss.rows) > len(rows):
        yield f"    … and {len(miss.rows) - len(rows)} more"


def _cell(value: Any) -> str:
    text = "" if value is None else on_one_line(str(value))
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def summary(results: Sequence[Result], seconds: float) -> str:
    """Return the last line: how many passed, and how many failed."""
    failed = sum(1 for result in results if not result.passed)
    return f"{len(results) - failed} passed, {failed} failed in {seconds:.1f} s"


def as_json(results: Sequence[Result], coverage: Coverage) -> dict[str, Any]:
    """Return the results as one document."""
    return {
        "passed": sum(1 for result in results if result.passed),
        "failed": sum(1 for result in results if not result.passed),
        "tests": [
            {
                **_name(result.test.subject),
                "name": result.test.case.name,
                "file": str(result.test.place.file),
                "line": result.test.place.line,
                "passed": result.passed,
                "seconds": round(result.seconds, 4),
                "misses": [
                    {"line": miss.place.line, "message": miss.message, "rows": list(miss.rows)}
                    for miss in result.misses
                ],
            }
            for result in results
        ],
        "coverage": coverage.as_json(),
    }


def _name(subject: Subject) -> dict[str, str]:
    if subject.dashboard:
        return {"dashboard": subject.dashboard, "panel": subject.name}
    return {"alert": subject.name}


def as_junit(results: Sequence[Result], seconds: float) -> bytes:
    """Return the results as JUnit's XML, which CI systems read.

    https://github.com/testmoapp/junitxml describes what they agree on.
    """
    failed = str(sum(1 for result in results if not result.passed))
    counts = {"tests": str(len(results)), "failures": failed, "time": f"{seconds:.3f}"}
    root = Element("testsuites", counts)
    suite = SubElement(root, "testsuite", {"name": "mystage test", **counts})
    for result in results:
        case = SubElement(
            suite,
            "testcase",
            classname=_for_xml(result.test.subject.title),
            name=_for_xml(result.test.case.name),
            file=_for_xml(str(result.test.place.file)),
            line=str(result.test.place.line),
            time=f"{result.seconds:.4f}",
        )
        if not result.passed:
            message = _for_xml("; ".join(miss.message for miss in result.misses))
            failure = SubElement(case, "failure", message=message)
            failure.text = _for_xml("\n".join(failure_lines(result)))
    indent(root)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _for_xml(text: str) -> str:
    """Return a text without what no XML document may have, not even as a reference.

    https://www.w3.org/TR/xml/#charsets
    """
    return _NO_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", clean(text))
