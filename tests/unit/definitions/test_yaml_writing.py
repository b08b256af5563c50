"""YAML that is written is read as what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from telemetry.definitions.documents import read_documents
from telemetry.definitions.yaml_writing import write_yaml

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)
WORDS = st.sampled_from(["no", "on", "1e3", "12", "0x1F", "null", "~", "1:30", "=", "a\nb", "- x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, min_size=1))
def test_what_is_written_is_read_as_the_same(tmp_path_factory: Any, data: dict[str, Any]) -> None:
    folder: Path = tmp_path_factory.mktemp("written")
    file = folder / "a.yaml"
    file.write_text(write_yaml(data), encoding="utf-8")
    if "{{" in file.read_text() or "{%" in file.read_text() or "{#" in file.read_text():
        return
    (document,) = read_documents(file, folder, {})
    assert data == document.data


def test_it_looks_as_people_write_it() -> None:
    data = {"kind": "Alert", "windows": [{"days": ["mon"], "text": "a\nb\n"}], "size": "12"}
    assert (
        "kind: Alert\nwindows:\n  - days:\n      - mon\n    text: |\n      a\n      b\nsize: '12'\n"
    ) == write_yaml(data)
