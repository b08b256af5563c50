"""YAML as nodes: each with its place, and its value by the rules of YAML 1.2.

PyYAML resolves by YAML 1.1, where ``no`` is false and ``12:30`` is a number of seconds. Here plain
text is what JSON would take it for, or text: https://yaml.org/spec/1.2.2/#103-core-schema.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from telemetry.definitions.places import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_Loader: Final[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # C where there is a compiler

_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_LONGEST_NUMBER: Final = 40
_MERGE: Final = "<<"
_MOST_MERGED: Final = 16
_DEEPEST_MERGE: Final = 3
"""Mappings that are merged into one, and how deep: a few lines could else mean billions."""


class InvalidYaml(Exception):  # noqa: N818 - as the toolkit's other errors are named
    """Say what is wrong with a text, and where.

    Args:
        place: Where.
        message: What.
    """

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place


def parse_yaml(text: str, file: Path) -> list[Node]:
    """Return the documents of a text that are not empty.

    Raises:
        InvalidYaml: It is no YAML.
    """
    try:
        nodes = list(yaml.compose_all(text, _Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        raise InvalidYaml(place, error.problem or error.context or "it cannot be read") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        message = getattr(error, "reason", "") or "it is nested too deep"
        raise InvalidYaml(Place(file), message) from error
    return [node for node in nodes if not is_empty(node)]


def is_empty(node: Node) -> bool:
    """Say whether a document or value is nothing."""
    return isinstance(node, ScalarNode) and not node.style and node.value == ""


def place_of_node(node: Node, file: Path) -> Place:
    """Return where a node stands; in a block of text, where its own lines begin."""
    mark = node.start_mark
    quoted = isinstance(node, ScalarNode) and node.style in {"'", '"'}
    return Place(file, mark.line + 1, mark.column + 1 + quoted)


def scalar_value(node: ScalarNode) -> str | int | float | bool | None:
    """Return what a scalar stands for."""
    text = str(node.value)
    if node.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _LONGEST_NUMBER:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text


def entries(node: MappingNode, file: Path, depth: int = 0) -> Iterator[tuple[str, Node]]:
    """Give keys and values of a mapping, those that are merged into it first.

    Raises:
        InvalidYaml: A key is no text, or there twice; or merges go too deep.
    """
    if depth > _DEEPEST_MERGE:
        raise InvalidYaml(place_of_node(node, file), f"<< goes deeper than {_DEEPEST_MERGE}")
    own: dict[str, Node] = {}
    for key_node, value in node.value:
        if not isinstance(key_node, ScalarNode):
            raise InvalidYaml(place_of_node(key_node, file), "a key is a text")
        key = str(key_node.value)
        if key in own:
            raise InvalidYaml(place_of_node(key_node, file), f"the key {key!r} is here twice")
        own[key] = value
    merged = own.pop(_MERGE, None)
    seen = set(own)
    for each in () if merged is None else _mappings(merged, file):
        for key, value in entries(each, file, depth + 1):
            if key not in seen:
                seen.add(key)
                yield key, value
    yield from own.items()


def _mappings(node: Node, file: Path) -> list[MappingNode]:
    """Return what a mapping is merged of."""
    nodes: list[Node] = node.value if isinstance(node, SequenceNode) else [node]
    if len(nodes) > _MOST_MERGED:
        raise InvalidYaml(place_of_node(node, file), f"<< merges more than {_MOST_MERGED} mappings")
    mappings = [each for each in nodes if isinstance(each, MappingNode)]
    if len(mappings) < len(nodes):
        raise InvalidYaml(place_of_node(node, file), "<< wants a mapping, or a list of them")
    return mappings
