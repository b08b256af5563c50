"""YAML files: reading them, repeating and including parts, and where everything stands.

Two keys are not of any definition, and are gone when it is read::

    for_each: {stage: "{{ stages }}"}   # repeats the mapping for each of them
    include: _latency.yaml              # puts another file's content here …
    with: {service: sourcing}           # … with these parameters
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from telemetry.definitions.places import Place, Problem
from telemetry.definitions.templates import InvalidTemplate, render_text, render_value
from telemetry.definitions.yaml_nodes import (
    InvalidYaml,
    entries,
    parse_yaml,
    place_of_node,
    scalar_value,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
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
_MOST_NODES: Final = 100_000
"""Of a file, with all that is repeated and included: a few aliases of aliases make billions."""
_DEEPEST_NODE: Final = 60


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


def read_documents(
    file: Path,
    root: Path,
    parameters: Mapping[str, Any],
    sql_keys: Collection[str] = SQL_KEYS,
) -> Iterator[Document]:
    """Give the definitions of a YAML file.

    Args:
        file: The file.
        root: The folder that includes and SQL files must be in.
        parameters: What templates may take.
        sql_keys: The keys whose value may be the path of an ``.sql`` file.

    Raises:
        InvalidDocument: It cannot be read.
    """
    builder = _Builder(root.resolve(), sql_keys)
    scope = _Scope(file, parameters, 0)
    try:
        for node in _parse(file):
            for item in node.value if isinstance(node, SequenceNode) else [node]:
                for value, places in builder.build_items(item, scope):
                    yield Document(value, places)
    except InvalidYaml as error:
        raise InvalidDocument(error.place, f"no YAML: {error}") from error
    except RecursionError as error:
        raise InvalidDocument(Place(file), "nested too deep") from error


def _parse(file: Path) -> list[Node]:
    return parse_yaml(read_text(file), file)


def read_text(file: Path) -> str:
    """Return a file's text.

    Raises:
        InvalidDocument: There is none, or it is no text of a sensible size.
    """
    try:
        if not file.is_file():  # a device or a pipe may never end
            raise InvalidDocument(Place(file), "no file")
        with file.open("rb") as content:
            data = content.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise InvalidDocument(Place(file), f"larger than {MOST_BYTES >> 20} MiB")
        return data.decode("utf-8").replace("\r\n", "\n")
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

    def __init__(self, root: Path, sql_keys: Collection[str]) -> None:
        self._root = root
        self._sql_keys = sql_keys
        self._nodes = 0
        self._depth = 0

    def build_items(self, node: Node, scope: _Scope) -> Iterator[_Built]:
        """Give what an item of a list, or a document, becomes: none, one or several.

        Raises:
            InvalidDocument: Something in it cannot be what it says.
        """
        own = dict(entries(node, scope.file)) if isinstance(node, MappingNode) else {}
        repeated = own.pop(FOR_EACH, None)
        if repeated is None:
            yield from self._build_once(node, own, scope)
            return
        for parameters in self._repeat(repeated, scope):
            inner = _Scope(scope.file, {**scope.parameters, **parameters}, scope.depth)
            yield from self._build_once(node, own, inner)

    def _build_once(self, node: Node, own: Mapping[str, Node], scope: _Scope) -> Iterator[_Built]:
        if INCLUDE not in own:
            yield self._build_map(node, own, scope) if own else self._build(node, scope)
            return
        rest = {key: value for key, value in own.items() if key not in {INCLUDE, WITH}}
        more, more_places = self._build_map(node, rest, scope)
        for item, inner in self._include(own, scope):
            for value, places in self.build_items(item, inner):
                if rest and isinstance(value, dict):
                    value.update(more)
                    places.update({path: at for path, at in more_places.items() if path})
                yield value, places

    def _repeat(self, node: Node, scope: _Scope) -> Iterator[dict[str, Any]]:
        at = place_of_node(node, scope.file)
        spec = self._build(node, scope)[0]
        if not isinstance(spec, dict) or len(spec) != 1:
            raise InvalidDocument(at, "for_each wants one name and a list, as {stage: [a, b]}")
        ((name, values),) = spec.items()
        if isinstance(values, str) or not hasattr(values, "__iter__"):
            raise InvalidDocument(at, f"for_each wants a list for {name}, not {values!r}")
        for value in values:
            yield {name: value}

    def _include(self, own: Mapping[str, Node], scope: _Scope) -> Iterator[tuple[Node, _Scope]]:
        at = place_of_node(own[INCLUDE], scope.file)
        if scope.depth >= _DEEPEST:
            raise InvalidDocument(at, f"includes go deeper than {_DEEPEST}: perhaps in a circle")
        file = find_beside(str(self._build(own[INCLUDE], scope)[0]), at, self._root)
        given = self._build(own[WITH], scope)[0] if WITH in own else {}
        if not isinstance(given, dict):
            raise InvalidDocument(at, "with wants names and values")
        inner = _Scope(file, {**scope.parameters, **given}, scope.depth + 1)
        for node in _parse(file):
            for item in node.value if isinstance(node, SequenceNode) else [node]:
                yield item, inner

    def _build(self, node: Node, scope: _Scope) -> _Built:
        place = place_of_node(node, scope.file)
        self._nodes += 1
        self._depth += 1
        try:
            if self._nodes > _MOST_NODES or self._depth > _DEEPEST_NODE:
                raise InvalidDocument(place, "too much, with all that is repeated and nested")
            if isinstance(node, MappingNode):
                return self._build_map(node, dict(entries(node, scope.file)), scope)
            if isinstance(node, SequenceNode):
                return self._build_list(node, scope)
            return _render(node, scope), {(): place}
        finally:
            self._depth -= 1

    def _build_map(self, node: Node, own: Mapping[str, Node], scope: _Scope) -> _Built:
        data: dict[str, Any] = {}
        places: _Places = {(): place_of_node(node, scope.file)}
        for key, value in own.items():
            if key in self._sql_keys and isinstance(value, ScalarNode):
                content, inner = self._build_sql(value, scope)
            elif isinstance(value, MappingNode):
                built = list(self.build_items(value, scope))
                content, inner = built[0] if len(built) == 1 else ([each for each, _ in built], {})
            else:
                content, inner = self._build(value, scope)
            data[key] = content
            places[(key,)] = inner.get((), place_of_node(value, scope.file))
            places.update({(key, *path): each for path, each in inner.items()})
        return data, places

    def _build_list(self, node: SequenceNode, scope: _Scope) -> _Built:
        data: list[Any] = []
        places: _Places = {(): place_of_node(node, scope.file)}
        for item in node.value:
            for content, inner in self.build_items(item, scope):
                places.update({(len(data), *path): each for path, each in inner.items()})
                data.append(content)
        return data, places

    def _build_sql(self, node: ScalarNode, scope: _Scope) -> _Built:
        """Return a query; where the value is a path, that file's content."""
        text = str(_render(node, scope))
        place = _text_place(node, scope.file)
        if "\n" in text.strip() or not text.strip().endswith(".sql"):
            return text, {(): place}
        file = find_beside(text.strip(), place, self._root)
        try:
            content = render_text(read_text(file), scope.parameters)
        except InvalidTemplate as error:
            raise InvalidDocument(Place(file, error.line), str(error)) from error
        return content.rstrip(), {(): Place(file)}


def find_beside(name: str, place: Place, root: Path) -> Path:
    """Return the path of a file beside the one that names it.

    Args:
        name: Its path from there.
        place: Where it is named.
        root: The folder that it must be in.

    Raises:
        InvalidDocument: It is outside of the definitions, or not there.
    """
    file = place.file.parent / name
    try:
        inside, is_there = file.resolve().is_relative_to(root.resolve()), file.is_file()
    except (OSError, ValueError) as error:  # too long, or with a zero byte
        raise InvalidDocument(place, "this is no name of a file") from error
    if not inside:
        raise InvalidDocument(place, f"{name} is outside of {root.name}/")
    if not is_there:
        raise InvalidDocument(place, f"there is no file {file}")
    return file


def _render(node: Node, scope: _Scope) -> Any:
    assert isinstance(node, ScalarNode)  # noqa: S101 - what is neither a mapping nor a list
    value = scalar_value(node)
    if not isinstance(value, str):
        return value
    try:
        return render_value(value, scope.parameters)
    except InvalidTemplate as error:
        place = _text_place(node, scope.file).within(error.line, 1)
        raise InvalidDocument(place, str(error)) from error


def _text_place(node: ScalarNode, file: Path) -> Place:
    """Return the place of a text; that of a block begins with the file's next line."""
    place = place_of_node(node, file)
    if node.style not in {"|", ">"}:
        return place
    lines = read_text(file).splitlines()[place.line :]
    first = next((line for line in lines if line.strip()), "")
    return Place(file, place.line, place.column, 1, len(first) - len(first.lstrip()))
