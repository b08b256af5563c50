"""Finding and reading files of tests, with the defaults of their entries and captured rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from telemetry.alerting.captured import CapturedRows, read_captured
from telemetry.alerting.cases import (
    ENTRIES,
    AlertFile,
    Captured,
    PanelCase,
    PanelExpectation,
    PanelFile,
    as_list,
    kind_of,
)
from telemetry.alerting.subjects import PanelQuery, Subject
from telemetry.alerting.timeline import Entry
from telemetry.definitions.documents import (
    Document,
    InvalidDocument,
    find_beside,
    read_documents,
)
from telemetry.definitions.loader import (
    FOLDERS,
    TEST_SUFFIXES,
    is_test,
    problems_of,
    root_of,
)
from telemetry.definitions.places import Place, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from telemetry.alerting.cases import AlertCase, Expectation
    from telemetry.definitions.alerts import Alert
    from telemetry.definitions.declarations import Names


@dataclass(frozen=True, slots=True)
class LocatedCase:
    """Hold a test, what it is of, and where it stands.

    Attributes:
        subject: The alert or the panel.
        case: The test.
        now: Its own time.
        place: Of the test.
        expected_at: Of each of its expectations.
        captured: The rows of files that are given.
    """

    subject: Subject
    case: AlertCase | PanelCase
    now: datetime
    place: Place
    expected_at: tuple[Place, ...]
    captured: tuple[CapturedRows, ...] = ()

    @property
    def expectations(self) -> Sequence[Expectation | PanelExpectation]:
        """What is expected; all of the kind of the subject."""
        return self.case.expect

    @property
    def entries(self) -> list[Entry]:
        """What is given of the time line."""
        return [each for each in self.case.given if isinstance(each, Entry)]


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
        files = _Files(root)
        try:
            for document in _read(file, root, names):
                try:
                    read = _kind_of_file(document).model_validate(_with_defaults(document))
                except ValidationError as error:
                    problems += problems_of(error, document)
                else:
                    cases += _locate(read, document, files)
        except InvalidDocument as error:
            problems.append(error.problem)
    return Cases(tuple(cases), tuple(problems))


def find_strays(
    cases: Iterable[LocatedCase], subjects: Mapping[Subject, Alert | PanelQuery]
) -> Iterator[Problem]:
    """Give a problem for each test of what there is not, or with values it cannot have."""
    slugs = {each.dashboard for each in subjects if each.dashboard}
    for case in cases:
        owner = subjects.get(case.subject)
        if owner is None:
            yield Problem(case.place, *_say_stray(case.subject, subjects, slugs))
        elif isinstance(owner, PanelQuery):
            for expectation, place in zip(case.expectations, case.expected_at, strict=True):
                assert isinstance(expectation, PanelExpectation)  # noqa: S101 - a panel's are
                if refused := owner.refuse(expectation.variables):
                    yield Problem(place, refused)


def _say_stray(
    subject: Subject, subjects: Iterable[Subject], slugs: Iterable[str]
) -> tuple[str, str]:
    """Return what there is not, and what is most like it."""
    if not subject.dashboard:
        what, wanted = f"there is no alert {subject.name!r}", subject.name
        known = [each.name for each in subjects if not each.dashboard]
    elif subject.dashboard not in slugs:
        what, wanted = f"there is no dashboard {subject.dashboard!r}", subject.dashboard
        known = list(slugs)
    else:
        what = f"the dashboard {subject.dashboard!r} has no panel {subject.name!r} with a query"
        wanted = subject.name
        known = [each.name for each in subjects if each.dashboard == subject.dashboard]
    nearest = get_close_matches(wanted, known, 1)
    return what, f"Nearest: {nearest[0]}" if nearest else ""


@dataclass(frozen=True, slots=True)
class _Files:
    """Read captured files of a folder, each once."""

    root: Path
    _read: dict[Path, dict[str, pa.RecordBatch]] = field(default_factory=dict)

    def read(self, captured: Captured, place: Place) -> CapturedRows:
        """Return the rows of a file.

        Raises:
            InvalidDocument: It is not there, outside of the definitions, or no such file.
        """
        file = find_beside(captured.file, place, self.root)
        if file not in self._read:
            self._read[file] = read_captured(file)
        return CapturedRows(captured.moment, self._read[file])


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
            found.setdefault(path, folder_of(path))
        elif path.is_dir():
            for suffix in TEST_SUFFIXES:
                for file in sorted(path.rglob(f"*{suffix}")):
                    found.setdefault(file, folder_of(path))
    return list(found.items())


def folder_of(path: Path) -> Path:
    """Return the folder with the definitions that the tests of a file or folder are of."""
    if not path.is_dir():
        return root_of(path) if is_test(path) else path
    return next((each for each in path.parents if each.name in FOLDERS), path)


def _kind_of_file(document: Document) -> type[AlertFile | PanelFile]:
    keys = document.data if isinstance(document.data, dict) else {}
    if ("alert" in keys) == ("dashboard" in keys):
        raise InvalidDocument(
            document.place(()), "a file of tests has either `alert` or `dashboard`"
        )
    return PanelFile if "dashboard" in keys else AlertFile


def _with_defaults(document: Document) -> Any:
    """Return a file's data with its ``defaults`` in every entry; attributes are put together."""
    data = document.data
    if "defaults" not in data:
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
    if not isinstance(test, dict):
        return test
    given = as_list(test.get("given"))
    if not isinstance(given, list):
        return test
    return {**test, "given": [_with(defaults, entry) for entry in given]}


def _with(defaults: Mapping[str, Any], entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    own = kind_of(entry)
    kind = own or kind_of(defaults)
    fields = _FIELDS.get(kind or "", frozenset[str]()) - (_FIELDS.keys() - {kind})
    filled = {key: value for key, value in defaults.items() if key in fields} | entry
    usual, more = defaults.get("attributes", {}), entry.get("attributes", {})
    if "attributes" in fields and isinstance(more, dict) and (usual or more):
        # As an SDK leaves out what is null: to say so takes a default away.
        both = {**usual, **more}
        filled["attributes"] = {key: value for key, value in both.items() if value is not None}
    return filled


# What an entry is decides which defaults it can have.
_FIELDS: Final = {
    key: frozenset(model.model_fields) if issubclass(model, Entry) else frozenset[str]()
    for key, model in ENTRIES.items()
}

_ANY_FIELD: Final = frozenset().union(*_FIELDS.values())


def _locate(
    file: AlertFile | PanelFile, document: Document, files: _Files
) -> Iterator[LocatedCase]:
    tests: Sequence[AlertCase | PanelCase] = file.tests
    for index, case in enumerate(tests):
        yield LocatedCase(
            _subject_of(file, case),
            case,
            case.now or file.now,
            document.place(("tests", index, "name")),
            tuple(
                document.place(("tests", index, "expect", number))
                for number in range(len(case.expect))
            ),
            tuple(
                files.read(entry, document.place(("tests", index, "given", number, "file")))
                for number, entry in enumerate(case.given)
                if isinstance(entry, Captured)
            ),
        )


def _subject_of(file: AlertFile | PanelFile, case: AlertCase | PanelCase) -> Subject:
    if isinstance(file, AlertFile):
        return Subject("", file.alert)
    own = case.panel if isinstance(case, PanelCase) else None
    return Subject(file.dashboard, own or file.panel or "")
