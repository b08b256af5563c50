"""JSON as people and templates write it."""

from __future__ import annotations

import contextlib
import json
import time
from json import JSONDecodeError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.stages.reading.lenient_json import MAX_DEPTH, read_lenient_json


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"a": 1}', [{"a": 1}]),
        # commas
        ('{"a": 1,}', [{"a": 1}]),
        ('{"a": [1, 2, ], }', [{"a": [1, 2]}]),
        ('{,"a": 1,, "b": 2}', [{"a": 1, "b": 2}]),
        ('{"a": 1\n "b": 2}', [{"a": 1, "b": 2}]),
        ('{"a": "x"\n "b": "y"}', [{"a": "x", "b": "y"}]),
        ('[{"a": 1} {"b": 2}]', [[{"a": 1}, {"b": 2}]]),
        # comments
        ('// one\n{"a": 1 /* two */, // three\n"b": 2}', [{"a": 1, "b": 2}]),
        ('<!-- {"a": 1} -->', [{"a": 1}]),
        ('<!--\n{"a": 1}\n//-->', [{"a": 1}]),
        (
            '{"a": "http://not.example/a//comment /* this */"}',
            [{"a": "http://not.example/a//comment /* this */"}],
        ),
        # CDATA
        ('<![CDATA[{"a": 1}]]>', [{"a": 1}]),
        ('//<![CDATA[\n{"a": 1}\n//]]>', [{"a": 1}]),
        ('/*<![CDATA[*/ {"a": 1} /*]]>*/', [{"a": 1}]),
        # control characters and escapes
        ('\ufeff{"a": "x\ny\tz\x07"}', [{"a": "x\ny\tz\x07"}]),
        (r'{"a": "it\'s \x \/ \" \\ \n"}', [{"a": "it's x / \" \\ \n"}]),
        (r'{"a": "\u00e9\ud83d\ude00"}', [{"a": "é😀"}]),
        # quotes
        ("{'a': 'it\\'s \"quoted\"'}", [{"a": 'it\'s "quoted"'}]),
        ("{'a': 'it's'}", [{"a": "it's"}]),
        ('{"a": "The "Attic" at No. 9", "b": 1}', [{"a": 'The "Attic" at No. 9', "b": 1}]),
        ('{"a": "Loud "quoted", proud", "b": "x"}', [{"a": 'Loud "quoted", proud', "b": "x"}]),
        ("{\u201ca\u201d: \u201eb\u201c}", [{"a": "b"}]),
        # keys, values
        ("{a: 1, @type: 'Event', $b-c: 2}", [{"a": 1, "@type": "Event", "$b-c": 2}]),
        ('{"a": , "b": }', [{"a": None, "b": None}]),
        (
            '{"a": TRUE, "b": None, "c": undefined, "d": NaN}',
            [{"a": True, "b": None, "c": None, "d": None}],
        ),
        (
            '{"a": 007, "b": +44, "c": .5, "d": -1.5e3}',
            [{"a": "007", "b": "+44", "c": ".5", "d": -1500.0}],
        ),
        ('{"a": 99999999999999999999}', [{"a": "99999999999999999999"}]),
        # several in a row, and what is left over
        ('{"a": 1}{"b": 2}\n[3];', [{"a": 1}, {"b": 2}, [3]]),
        ('{"a": 1}, {"b": 2},', [{"a": 1}, {"b": 2}]),
        ('{"a": 1}}]', [{"a": 1}]),
    ],
)
def test_what_can_be_meant_is_read(text: str, values: list[Any]) -> None:
    assert (values, 0) == (read_lenient_json(text).values, read_lenient_json(text).missing_ends)


@pytest.mark.parametrize(
    ("text", "values", "missing"),
    [
        ('{"a": [1, {"b": 2', [{"a": [1, {"b": 2}]}], 3),
        ('[{"a": 1},', [[{"a": 1}]], 1),
        ('{"a":', [{"a": None}], 1),
    ],
)
def test_an_end_that_comes_early_is_counted(text: str, values: list[Any], missing: int) -> None:
    read = read_lenient_json(text)
    assert (values, missing) == (read.values, read.missing_ends)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "there is no object"),
        ("// only a comment", 1, 18, "there is no object"),
        ("hello", 1, 1, "expected { or ["),
        ('{\n  "a" 1}', 2, 7, "expected a colon after 'a'"),
        ('{\n  "a" => 1}', 2, 7, "expected a colon after 'a'"),
        ('{"a": {{ name }}}', 1, 8, "expected a name in quotes"),
        ('{"a": <?php ?>}', 1, 7, "expected a value"),
        ('{"a": hello}', 1, 7, "expected a value, not 'hello'"),
        ('{"a": 1]', 1, 8, "expected }"),
        ('["a"}', 1, 5, "expected ]"),
        ('{"a": 1,\n"b": "never ends', 2, 6, "a string that starts here does not end"),
        ("[" * 100, 1, MAX_DEPTH + 1, f"nested deeper than {MAX_DEPTH}"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    text: str, line: int, column: int, message: str
) -> None:
    with pytest.raises(JSONDecodeError) as caught:
        read_lenient_json(text)
    assert (line, column, message) == (caught.value.lineno, caught.value.colno, caught.value.msg)


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8), _JSON), st.booleans(), st.sampled_from([None, 2]))
def test_good_json_reads_as_json(value: Any, ascii_only: bool, indent: int | None) -> None:  # noqa: FBT001 - drawn
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert [value] == read_lenient_json(text).values


@given(st.text(max_size=60) | st.text("{}[]\"':,/*\\<!->\n ab1", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        values = read_lenient_json(text).values
    except JSONDecodeError as error:
        values, position = [], error.pos
    else:
        position = 0
        assert values
    assert 0 <= position <= len(text)
    assert all(isinstance(value, dict | list) for value in values)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":"' + '"x ' * 100_000,
        '{"a":"' + '" ' * 100_000 + '"}',
        '{"a":"' + '",' * 100_000 + '"}',
        '{"a":' * 100_000,
        "/*" * 200_000,
        "{" + "/* */" * 100_000 + "}",
        "[" + "{}," * 100_000,
        "{'a':" + "'\\" * 100_000,
        "{" + " " * 300_000 + '"',
        '{"a":"x"' + "\n" * 300_000,
        "//" * 200_000 + "<![CDATA[" * 20_000,
    ],
)
def test_hostile_text_is_read_in_time_that_grows_with_its_length(text: str) -> None:
    begin = time.process_time()
    with contextlib.suppress(JSONDecodeError):
        read_lenient_json(text)
    assert time.process_time() - begin < 2
