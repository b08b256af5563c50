"""Unit tests of alerts, as files beside them: ``*.test.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, ValidationError, model_validator

from telemetry.alerting.timeline import LogEntry, MetricEntry, Offset, SpanEntry
from telemetry.definitions.documents import Document, InvalidDocument, read_documents
from telemetry.definitions.loader import TEST_SUFFIXES, problems_of, root_of
from telemetry.definitions.models import Model, Name
from telemetry.definitions.places import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from telemetry.definitions.declarations import Names
    from telemetry.definitions.places import Problem

NOON: Final = datetime(2026, 1, 5, 12, tzinfo=UTC)
"""When tests take place that do not say: a Monday, at noon."""

_YEARS: Final = (1990, 2200)
"""What OTLP's nanoseconds reach, with some years to spare on both sides."""


def _kind_of(value: Any) -> str | None:
    keys = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    return next((key for key in ("span", "log", "metric") if key in keys), None)


def _tag_of(value: Any) -> str | None:
    # Not the key itself, which pydantic would name as a step of the way to what is wrong.
    kind = _kind_of(value)
    return kind and f"a {kind}"


AnyEntry = Annotated[
    Annotated[SpanEntry, Tag("a span")]
    | Annotated[LogEntry, Tag("a log")]
    | Annotated[MetricEntry, Tag("a metric")],
    Discriminator(
        _tag_of,
        custom_error_type="entry",
        custom_error_message="an entry has one of `span`, `log` and `metric`",
    ),
]


class Expectation(Model):
    """Say what a run of the alert is to find."""

    at: Offset = 0
    """When it runs."""
    fires: bool
    """Whether it has rows."""
    rows: tuple[dict[str, Any], ...] | None = None
    """All its rows, in any order, each with the columns that matter."""
    some_rows: tuple[dict[str, Any], ...] = ()
    """Some of its rows."""
    notifies: bool | None = None
    """Whether it tells somebody; the run before is the alert's ``every`` earlier."""

    @model_validator(mode="after")
    def _check_rows(self) -> Self:
        listed = self.rows or self.some_rows
        if (listed and not self.fires) or (self.rows == () and self.fires):
            raise ValueError("`fires` and the rows contradict each other")
        return self


def _check_time(moment: datetime) -> datetime:
    if not _YEARS[0] <= moment.year < _YEARS[1]:
        raise ValueError(f"a year between {_YEARS[0]} and {_YEARS[1]}")
    return moment


Now = Annotated[datetime, AfterValidator(_check_time)]


class Case(Model):
    """Define a test."""

    name: Name
    now: Now | None = None
    """Its own time; by default the file's."""
    given: tuple[AnyEntry, ...] = ()
    """What has happened; nothing at all is a test, too."""
    expect: Annotated[tuple[Expectation, ...], Field(min_length=1)]


class CaseFile(Model):
    """Define the tests of an alert."""

    alert: Name
    """The name of the alert."""
    now: Now = NOON
    tests: Annotated[tuple[Case, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class LocatedCase:
    """Hold a test, the alert it is of, and where it stands.

    Attributes:
        alert: The alert's name.
        case: The test.
        now: Its own time.
        place: Of the test.
        expected_at: Of each of its expectations.
    """

    alert: str
    case: Case
    now: datetime
    place: Place
    expected_at: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Cases:
    """Hold all tests that could be read, and what is wrong with the others."""

    cases: tuple[LocatedCase, ...]
    problems: tuple[Problem, ...]


def load_cases(paths: Iterable[Path], names: Names) -> Cases:
    """Load tests from folders and files."""
    cases: list[LocatedCase] = []
    problems: list[Problem] = []
    for file, root in _find_files(paths):
        try:
            for document in _read(file, root, names):
                try:
                    read = CaseFile.model_validate(_with_defaults(document))
                except ValidationError as error:
                    problems += problems_of(error, document)
                else:
                    cases += _locate(read, document)
        except InvalidDocument as error:
            problems.append(error.problem)
    return Cases(tuple(cases), tuple(problems))


def _read(file: Path, root: Path, names: Names) -> list[Document]:
    # An attribute or a column may be called `total`: nothing here is an SQL file.
    documents = list(read_documents(file, root, names.parameters, sql_keys=()))
    if not documents:
        raise InvalidDocument(Place(file), "there is no test in it")
    return documents


def _find_files(paths: Iterable[Path]) -> list[tuple[Path, Path]]:
    found: dict[Path, Path] = {}
    for path in paths:
        if path.is_file() and path.name.endswith(TEST_SUFFIXES):
            found.setdefault(path, root_of(path))
        elif path.is_dir():
            for suffix in TEST_SUFFIXES:
                for file in sorted(path.rglob(f"*{suffix}")):
                    found.setdefault(file, path)
    return list(found.items())


def _with_defaults(document: Document) -> Any:
    """Return a file's data with its ``defaults`` in every entry; attributes are put together."""
    data = document.data
    if not isinstance(data, dict) or "defaults" not in data:
        return data
    defaults = data["defaults"]
    if not isinstance(defaults, dict):
        raise InvalidDocument(document.place(("defaults",)), "defaults wants keys of entries")
    for key, value in defaults.items():
        if key not in _ANY_FIELD:
            raise InvalidDocument(document.place(("defaults", key)), f"no entry has the key {key}")
        if key == "attributes" and not isinstance(value, dict):
            raise InvalidDocument(document.place(("defaults", key)), "attributes wants keys")
    tests = data.get("tests")
    rest = {key: value for key, value in data.items() if key != "defaults"}
    if not isinstance(tests, list):
        return rest
    return {**rest, "tests": [_fill_in(test, defaults) for test in tests]}


def _fill_in(test: Any, defaults: Mapping[str, Any]) -> Any:
    if not isinstance(test, dict) or not isinstance(test.get("given"), list):
        return test
    return {**test, "given": [_with(defaults, entry) for entry in test["given"]]}


def _with(defaults: Mapping[str, Any], entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    own = _kind_of(entry)
    kind = own or _kind_of(defaults)
    fields = _FIELDS.get(kind or "", frozenset[str]()) - (_FIELDS.keys() - {kind})
    filled = {key: value for key, value in defaults.items() if key in fields} | entry
    usual, more = defaults.get("attributes", {}), entry.get("attributes", {})
    if isinstance(more, dict) and (usual or more):
        # As an SDK leaves out what is null: to say so takes a default away.
        both = {**usual, **more}
        filled["attributes"] = {key: value for key, value in both.items() if value is not None}
    return filled


# What an entry is decides which defaults it can have.
_FIELDS: Final = {
    "span": frozenset(SpanEntry.model_fields),
    "log": frozenset(LogEntry.model_fields),
    "metric": frozenset(MetricEntry.model_fields),
}


_ANY_FIELD: Final = frozenset().union(*_FIELDS.values())


def _locate(file: CaseFile, document: Document) -> list[LocatedCase]:
    return [
        LocatedCase(
            file.alert,
            case,
            _in_utc(case.now or file.now),
            document.place(("tests", index, "name")),
            tuple(
                document.place(("tests", index, "expect", number))
                for number in range(len(case.expect))
            ),
        )
        for index, case in enumerate(file.tests)
    ]


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
