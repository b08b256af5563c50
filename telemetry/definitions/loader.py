"""Loading everything that ``dashboards/`` and ``alerts/`` define."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from telemetry.definitions.alerts import Alert, Slo
from telemetry.definitions.channels import Channel, Schedule
from telemetry.definitions.dashboards import Dashboard, PersesDashboard
from telemetry.definitions.documents import (
    Document,
    InvalidDocument,
    read_documents,
    read_text,
)
from telemetry.definitions.models import SLUG, Model
from telemetry.definitions.places import Place, Problem
from telemetry.errors import InvalidDefinitions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from telemetry.definitions.declarations import Names

FOLDERS: Final = ("dashboards", "alerts")
"""Where definitions are, unless told otherwise."""

TEST_SUFFIXES: Final = (".test.yaml", ".test.yml")
"""What the names of files end with that test alerts or panels, and define none."""

PART: Final = "_"
"""What the name of a file begins with that is only ever included."""

AnyModel = Dashboard | Alert | Channel | Schedule | Slo
ADAPTER: Final[TypeAdapter[AnyModel]] = TypeAdapter(
    Annotated[AnyModel, Field(discriminator="kind")]
)

M_co = TypeVar("M_co", bound=Model, covariant=True)


@dataclass(frozen=True, slots=True)
class Definition(Generic[M_co]):
    """Hold a definition and where it stands.

    Attributes:
        model: What it says.
        document: Where each part of that stands.
    """

    model: M_co
    document: Document

    def place(self, *path: str | int) -> Place:
        """Return where a part stands, as ``place("groups", 0, "panels", 2, "sql")``."""
        return self.document.place(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """Hold all definitions that could be read, and what is wrong with the others.

    Attributes:
        dashboards: Also those that are Perses JSON.
        alerts: The alerts.
        channels: The channels.
        schedules: The delivery schedules.
        slos: The service-level objectives.
        files: The files they came from, SQL and included ones too.
        problems: Why others could not be read.
    """

    dashboards: tuple[Definition[Dashboard | PersesDashboard], ...] = ()
    alerts: tuple[Definition[Alert], ...] = ()
    channels: tuple[Definition[Channel], ...] = ()
    schedules: tuple[Definition[Schedule], ...] = ()
    slos: tuple[Definition[Slo], ...] = ()
    files: tuple[Path, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def all(self) -> tuple[Definition[Model], ...]:
        """All of them."""
        return (*self.dashboards, *self.alerts, *self.channels, *self.schedules, *self.slos)

    def check(self) -> Definitions:
        """Return these definitions if all could be read and no two have one identity.

        Raises:
            InvalidDefinitions: With every problem.
        """
        problems = sorted({*self.problems, *find_repeats(self)})
        if problems:
            raise InvalidDefinitions("\n".join(map(str, problems)))
        return self


def load_definitions(paths: Iterable[Path], names: Names) -> Definitions:
    """Load definitions from folders and files.

    Args:
        paths: Folders, of which all files are read that do not begin with ``_``, and files.
        names: What is declared; templates take their parameters from it.

    Returns:
        What could be read, and the problems of the rest.
    """
    documents: list[Definition[Model]] = []
    problems: list[Problem] = []
    files: list[Path] = []
    for file, root in _find_files(paths, problems):
        files.append(file)
        try:
            if file.suffix == ".json":
                documents.append(_read_perses(file))
                continue
            for document in read_documents(file, root, names.parameters):
                try:
                    documents.append(Definition(ADAPTER.validate_python(document.data), document))
                except ValidationError as error:
                    problems += problems_of(error, document)
        except InvalidDocument as error:
            problems.append(error.problem)
    places = (place for each in documents for place in each.document.places.values())
    return Definitions(
        dashboards=_of(documents, Dashboard, PersesDashboard),
        alerts=_of(documents, Alert),
        channels=_of(documents, Channel),
        schedules=_of(documents, Schedule),
        slos=_of(documents, Slo),
        files=tuple(sorted({*files, *(place.file for place in places)})),
        problems=tuple(sorted(set(problems))),
    )


def identity_of(model: Model) -> tuple[str, str]:
    """Return kind and identity of a definition: its slug, name or label."""
    match model:
        case Dashboard() | PersesDashboard():
            return "dashboard", model.slug
        case Alert():
            return "alert", model.name
        case Slo():
            return "SLO", model.name
        case Channel():
            return "channel", model.label
        case Schedule():
            return "schedule", model.label
        case _:
            raise TypeError(f"{type(model).__name__} is no definition")


def find_repeats(definitions: Definitions) -> list[Problem]:
    """Return a problem for each definition whose identity another one has."""
    seen: dict[tuple[str, str], Place] = {}
    problems = []
    for each in definitions.all:
        kind, identity = key = identity_of(each.model)
        if key in seen:
            message = f"the {kind} {identity!r} is defined at {seen[key]} too"
            problems.append(Problem(each.place(), message, "Give one of them another name"))
        else:
            seen[key] = each.place()
    return problems


def _find_files(paths: Iterable[Path], problems: list[Problem]) -> list[tuple[Path, Path]]:
    """Return files with definitions, each with the folder its includes must be in."""
    found: dict[Path, Path] = {}
    for path in paths:
        if path.is_dir():
            for pattern in ("*.yaml", "*.yml", "*.json"):
                for file in sorted(path.rglob(pattern)):
                    if file.name.startswith((PART, ".")) or is_test(file):
                        continue
                    if file.is_symlink() and not file.resolve().is_relative_to(path.resolve()):
                        problems.append(Problem(Place(file), f"leads out of {path.name}/"))
                        continue
                    found.setdefault(file, path)
        elif path.is_file():
            if not is_test(path):
                found.setdefault(path, root_of(path))
        else:
            problems.append(Problem(Place(path), "there is no such file or folder"))
    return list(found.items())


def is_test(file: Path) -> bool:
    """Say whether a file holds tests of alerts or panels."""
    return file.name.endswith(TEST_SUFFIXES)


def root_of(file: Path) -> Path:
    """Return the folder of a single file's definitions: ``dashboards``, or the one it is in."""
    return next((each for each in file.parents if each.name in FOLDERS), file.parent)


def _read_perses(file: Path) -> Definition[Model]:
    place = Place(file)
    try:
        data = json.loads(read_text(file), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        where = Place(file, error.lineno, error.colno)
        raise InvalidDocument(where, f"no JSON: {error.msg}") from error
    except RecursionError as error:
        raise InvalidDocument(place, "no JSON: nested too deep") from error
    except ValueError as error:
        raise InvalidDocument(place, f"no JSON: {error}") from error
    spec = data.get("spec") if isinstance(data, dict) else None
    if not isinstance(spec, dict) or data.get("kind") != "Dashboard":
        raise InvalidDocument(place, "no Perses dashboard: it wants kind: Dashboard and a spec")
    if wrong := next(_wrong_shapes(spec), None):
        raise InvalidDocument(place, f"no Perses dashboard: {wrong}")
    metadata, display = data.get("metadata"), spec.get("display")
    slug = metadata.get("name") if isinstance(metadata, dict) else None
    name = display.get("name") if isinstance(display, dict) else None
    slug = slug if isinstance(slug, str) and SLUG.fullmatch(slug) else file.stem
    document = Document(data, {(): place})
    try:
        model = PersesDashboard(slug=slug, name=name or slug, definition=data)
    except ValidationError as error:
        (problem, *_) = problems_of(error, document)
        raise InvalidDocument(problem.place, problem.message) from error
    return Definition(model, document)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"there is no {name} in JSON")


def _wrong_shapes(spec: dict[str, Any]) -> Iterator[str]:
    """Give what the API would refuse of a dashboard's spec, though it is JSON."""
    panels = spec.get("panels", {})
    if not isinstance(panels, dict) or not all(isinstance(each, dict) for each in panels.values()):
        yield "spec.panels has a name and a panel for each"
    for key in ("layouts", "variables"):
        parts = spec.get(key, [])
        if not isinstance(parts, list) or not all(isinstance(each, dict) for each in parts):
            yield f"spec.{key} is a list of objects"
    for key in ("duration", "refreshInterval"):
        if not isinstance(spec.get(key, ""), str):
            yield f"spec.{key} is a text, as 1h"


def _of(documents: Sequence[Definition[Model]], *kinds: type[Model]) -> tuple[Any, ...]:
    return tuple(each for each in documents if isinstance(each.model, kinds))


_SAID: Final[dict[str, Callable[[Any], str]]] = {
    "extra_forbidden": lambda error: f"there is no key {error['loc'][-1]!r} here",
    "missing": lambda error: f"{error['loc'][-1]!r} is missing",
    "union_tag_not_found": lambda error: f"{error['ctx']['discriminator']} is missing",
    "union_tag_invalid": lambda error: (
        f"{error['ctx']['tag']!r} is none of {error['ctx']['expected_tags']}"
    ),
    "value_error": lambda error: str(error["ctx"]["error"]),
}


def problems_of(error: ValidationError, document: Document) -> list[Problem]:
    """Say in our words what pydantic found. Values are not repeated: one may be a secret."""
    problems = []
    found = error.errors(include_url=False, include_input=False)
    for each in found:
        loc = each["loc"]
        if any(len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in found):
            continue  # it follows from the other
        tell = _SAID.get(each["type"])
        message = tell(each) if tell else each["msg"]
        if each["type"] == "union_tag_invalid":
            loc = (*loc, str(each["ctx"]["discriminator"]).strip("'"))
        problems.append(Problem(document.place(loc), message))
    return problems
