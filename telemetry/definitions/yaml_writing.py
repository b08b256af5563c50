"""Writing YAML that people would have written, and that is read as what it was."""

from __future__ import annotations

from typing import Any, Final

import yaml
from yaml.nodes import ScalarNode

from telemetry.definitions.yaml_nodes import scalar_value

_WIDTH: Final = 100
_TEXT: Final = "tag:yaml.org,2002:str"


class _Dumper(yaml.SafeDumper):
    """Indent lists under their key, and keep texts of several lines as they are."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002 - PyYAML's signature
        """Indent, lists too."""
        del indentless
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write what is there twice twice."""
        del data
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> ScalarNode:
    if "\n" in text:
        return dumper.represent_scalar(_TEXT, text, style="|")
    # What PyYAML takes for text, YAML 1.2 may take for a number.
    plain = isinstance(scalar_value(ScalarNode(_TEXT, text)), str)
    return dumper.represent_scalar(_TEXT, text, style=None if plain else "'")


_Dumper.add_representer(str, _represent_text)


def write_yaml(data: Any) -> str:
    """Return plain data as YAML, in the order it has."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text
