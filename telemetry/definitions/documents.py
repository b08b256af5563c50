"""YAML files: reading them, repeating and including parts, and where everything stands.

Two keys are not of any definition, and are gone when it is read::

    for_each: {stage: "{{ stages }}"}   # repeats the mapping for each of them
    include: _latency.yaml              # puts another file's content here …
    with: {service: sourcing}           # … with these parameters
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarstring import LiteralScalarString

from telemetry.definitions.places import Place, Problem
from telemetry.definitions.templates import InvalidTemplate, render_text, render_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FOR_EACH: Final = "for_each"
INCLUDE: Final = "include"
WITH: Final = "with"
SQL_KEYS: Final = frozenset({"sql", "total", "bad"})
"""The keys whose value may be the path of an ``.sql`` file."""

MOST_BYTES: Final = 1 << 20
"""Of a file: more is no definition."""
_DEEPEST: Final = 8
"""How deep includes may go."""


class InvalidDocument(Exception):  # noqa: N818 - as the toolkit's other errors are named
    """Say what is wrong with a file."""

    def __init__(self, place: Place, message: str, hint: str = "") -> None:
        self.problem = Problem(place, message, hint)
        super().__init__(str(self.problem))


@dataclass(frozen=True, slots=True)
class Document:
    """Hold one definition as plain data.

    Attributes:
        data: What it says, with nothing left of templates.
        places: Where each part of it stands, by its path of keys and positions.
    """

    data: Any
    places: dict[tuple[str | int, ...], Place] = field(default_factory=dict)

    def place(self, path: tuple[str | int, ...]) -> Place:
        """Return where a part stands, or the nearest around it that has a place.

        Steps that are none of the file's are passed over: pydantic names which kind it tried.
        """
        known: tuple[str | int, ...] = ()
        for step in path:
            if (*known, step) in self.places:
                known = (*known, step)
        return self.places[known]


def read_documents(file: Path, root: Path, parameters: Mapping[str, Any]) -> Iterator[Document]:
    """Give the definitions of a YAML file.

    Args:
        file: The file.
        root: The folder that includes and SQL files must be in.
        parameters: What templates may take.

    Raises:
        InvalidDocument: It cannot be read.
    """
    for node in _parse(file):
        if node is None:
            continue
        builder = _Builder(root.resolve())
        scope = _Scope(file, parameters, 0)
        items = node if isinstance(node, CommentedSeq) else [node]
        for index, item in enumerate(items):
            for value, places in builder.build_items(item, _item_place(file, node, index), scope):
                yield Document(value, places)


def _parse(file: Path) -> list[Any]:
    text = read_text(file)
    try:
        return list(YAML(typ="rt", pure=True).load_all(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        what = error.problem or error.context or "it cannot be read"
        raise InvalidDocument(place, f"no YAML: {what}") from error
    except (YAMLError, RecursionError, ValueError) as error:
        raise InvalidDocument(Place(file), f"no YAML: {error or 'nested too deep'}") from error


def read_text(file: Path) -> str:
    """Return a file's text.

    Raises:
        InvalidDocument: There is none, or it is no text of a sensible size.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise InvalidDocument(Place(file), f"larger than {MOST_BYTES >> 20} MiB")
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidDocument(Place(file), f"no UTF-8 text: {error.reason}") from error
    except OSError as error:
        raise InvalidDocument(Place(file), f"cannot be read: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class _Scope:
    """Hold what is in force at a place: the file, the parameters, how deep includes are."""

    file: Path
    parameters: Mapping[str, Any]
    depth: int


_Places = dict[tuple[str | int, ...], Place]
_Built = tuple[Any, _Places]


class _Builder:
    """Turn nodes of YAML into plain data, with the places of all of it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def build_items(self, node: Any, place: Place, scope: _Scope) -> Iterator[_Built]:
        """Give what an item of a list, or a document, becomes: none, one or several."""
        if isinstance(node, CommentedMap) and FOR_EACH in node:
            for parameters in self._repeat(node, place, scope):
                inner = _Scope(scope.file, {**scope.parameters, **parameters}, scope.depth)
                yield from self._build_once(node, place, inner)
        else:
            yield from self._build_once(node, place, scope)

    def _build_once(self, node: Any, place: Place, scope: _Scope) -> Iterator[_Built]:
        if not (isinstance(node, CommentedMap) and INCLUDE in node):
            yield self._build(node, place, scope)
            return
        own = {key: value for key, value in node.items() if key not in {INCLUDE, WITH, FOR_EACH}}
        for included, inner in self._include(node, place, scope):
            items = included if isinstance(included, CommentedSeq) else [included]
            for index, item in enumerate(items):
                where = _item_place(inner.file, included, index)
                for value, places in self.build_items(item, where, inner):
                    if own and isinstance(value, dict):
                        more, more_places = self._build_map(node, own, place, scope)
                        value.update(more)
                        places.update({path: at for path, at in more_places.items() if path})
                    yield value, places

    def _repeat(self, node: CommentedMap, place: Place, scope: _Scope) -> Iterator[dict[str, Any]]:
        at = _value_place(scope.file, node, FOR_EACH) or place
        spec = self._build(node[FOR_EACH], at, scope)[0]
        if not isinstance(spec, dict) or len(spec) != 1:
            raise InvalidDocument(at, "for_each wants one name and a list, as {stage: [a, b]}")
        ((name, values),) = spec.items()
        if isinstance(values, str) or not hasattr(values, "__iter__"):
            raise InvalidDocument(at, f"for_each wants a list for {name}, not {values!r}")
        for value in values:
            yield {name: value}

    def _include(
        self, node: CommentedMap, place: Place, scope: _Scope
    ) -> Iterator[tuple[Any, _Scope]]:
        at = _value_place(scope.file, node, INCLUDE) or place
        if scope.depth >= _DEEPEST:
            raise InvalidDocument(at, f"includes go deeper than {_DEEPEST}: perhaps in a circle")
        file = self._inside(str(_render(node[INCLUDE], at, scope)), at, scope)
        given = self._build(node.get(WITH, {}), at, scope)[0]
        if not isinstance(given, dict):
            raise InvalidDocument(at, "with wants names and values")
        inner = _Scope(file, {**scope.parameters, **given}, scope.depth + 1)
        for content in _parse(file):
            yield content, inner

    def _build(self, node: Any, place: Place, scope: _Scope) -> _Built:
        if isinstance(node, CommentedMap):
            own = {key: value for key, value in node.items() if key != FOR_EACH}
            return self._build_map(node, own, place, scope)
        if isinstance(node, CommentedSeq):
            return self._build_list(node, place, scope)
        return _render(node, place, scope), {(): place}

    def _build_map(
        self, node: CommentedMap, own: Mapping[Any, Any], place: Place, scope: _Scope
    ) -> _Built:
        data: dict[str, Any] = {}
        places: _Places = {(): place}
        for key, value in own.items():
            at = _value_place(scope.file, node, key) or place
            if isinstance(value, LiteralScalarString):
                at = _block_place(scope.file, at)
            if isinstance(value, CommentedMap) and INCLUDE in value:
                built = list(self.build_items(value, at, scope))
                content, inner = built[0] if len(built) == 1 else ([each for each, _ in built], {})
            elif key in SQL_KEYS and isinstance(value, str):
                content, inner = self._build_sql(value, at, scope)
            else:
                content, inner = self._build(value, at, scope)
            data[str(key)] = content
            places[(str(key),)] = at
            places.update({(str(key), *path): each for path, each in inner.items()})
        return data, places

    def _build_list(self, node: CommentedSeq, place: Place, scope: _Scope) -> _Built:
        data: list[Any] = []
        places: _Places = {(): place}
        for index, item in enumerate(node):
            at = _item_place(scope.file, node, index)
            for content, inner in self.build_items(item, at, scope):
                places.update({(len(data), *path): each for path, each in inner.items()})
                data.append(content)
        return data, places

    def _build_sql(self, value: str, place: Place, scope: _Scope) -> _Built:
        """Return a query; where the value is a path, that file's content."""
        text = str(_render(value, place, scope))
        if "\n" in text.strip() or not text.strip().endswith(".sql"):
            return text, {(): place}
        file = self._inside(text.strip(), place, scope)
        try:
            content = render_text(read_text(file), scope.parameters)
        except InvalidTemplate as error:
            raise InvalidDocument(Place(file, error.line), str(error)) from error
        return content.rstrip(), {(): Place(file)}

    def _inside(self, name: str, place: Place, scope: _Scope) -> Path:
        """Return the path of a file beside this one.

        Raises:
            InvalidDocument: It is outside of the definitions, or not there.
        """
        file = scope.file.parent / name
        if not file.resolve().is_relative_to(self._root):
            raise InvalidDocument(place, f"{name} is outside of {self._root.name}/")
        if not file.is_file():
            raise InvalidDocument(place, f"there is no file {file}")
        return file


def _render(node: Any, place: Place, scope: _Scope) -> Any:
    if not isinstance(node, str):
        return node
    try:
        return render_value(str(node), scope.parameters)
    except InvalidTemplate as error:
        raise InvalidDocument(place.within(error.line, 1), str(error)) from error


def _start_of(file: Path, node: Any) -> Place:
    if isinstance(node, CommentedMap | CommentedSeq):
        return Place(file, node.lc.line + 1, node.lc.col + 1)
    return Place(file)


def _value_place(file: Path, node: CommentedMap, key: Any) -> Place | None:
    """Return where a key's value stands; None for a key that was not written."""
    found = (node.lc.data or {}).get(key)
    return None if found is None else Place(file, found[2] + 1, found[3] + 1)


def _item_place(file: Path, node: Any, index: int) -> Place:
    found = (node.lc.data or {}).get(index) if isinstance(node, CommentedSeq) else None
    return _start_of(file, node) if found is None else Place(file, found[0] + 1, found[1] + 1)


def _block_place(file: Path, place: Place) -> Place:
    """Return the place of a block of text: its own first line is the next of the file's."""
    lines = read_text(file).splitlines()[place.line :]
    first = next((line for line in lines if line.strip()), "")
    return Place(file, place.line, place.column, 1, len(first) - len(first.lstrip()))
