"""DataFusion's expressions and types, as the user of a query wrote or knows them."""

from __future__ import annotations

import re
from typing import Final

import orjson

_TYPES: Final = (
    (re.compile(r"(?:Large)?Utf8(?:View)?(?![\w(])|String(?![\w(])"), "text"),
    (re.compile(r"\bInt64(?![\w(])"), "bigint"),
    (re.compile(r"\bInt32(?![\w(])"), "integer"),
    (re.compile(r"\bInt16(?![\w(])"), "smallint"),
    (re.compile(r"\bU?Int\d+(?![\w(])"), "integer"),
    (re.compile(r"\bFloat64(?![\w(])"), "double precision"),
    (re.compile(r"\bFloat32(?![\w(])"), "real"),
    (re.compile(r"\bBoolean(?![\w(])"), "boolean"),
    (re.compile(r"\bDecimal\d+\([^)]*\)"), "numeric"),
    (re.compile(r"\bTimestamp\(\w+, (?:Some\()?\"[^\"]*\"\)*"), "timestamp with time zone"),
    (re.compile(r"\bTimestamp\(\w+(?:, None)?\)"), "timestamp"),
    (re.compile(r"\bDuration\(\w+\)|\bInterval\(\w+\)"), "interval"),
    (re.compile(r"\bDate32(?![\w(])"), "date"),
    (re.compile(r"\bList\(Struct\(.*\)\)|\bStruct\(.*\)"), "metric value"),
    (re.compile(r"\bList\((?:nullable )?(\w[\w ]*)\)"), r"\1[]"),
)
_TEXT: Final = re.compile(r'(?:Large)?Utf8(?:View)?\("((?:[^"\\]|\\.)*)"\)')
_NUMBER: Final = re.compile(r"(?:U?Int|Float)\d+\((-?[\d.eE+-]+)\)")
_NULL: Final = re.compile(r"\b\w+\(NULL\)")
_HOT: Final = re.compile(r'(?:"?\w+"?\.)?"?_lf_attributes/([^"\s,)]+)"?')
_JSON: Final = re.compile(r"_lf_json_(\w+)\((.*?), ?'((?:[^']|'')*)'\)")
_METRIC: Final = re.compile(r"_lf_(metric_\w+)\(array_agg\((.*?)\)\)")
_INTERNAL: Final = re.compile(r"_lf_(\w+)")
_OPERATORS: Final = {"text": "->>", "get": "->", "value": "->", "contains": " ? "}


def readable_type(text: str) -> str:
    """Return a text with Arrow's names of types replaced by PostgreSQL's."""
    for pattern, name in _TYPES:
        text = pattern.sub(name, text)
    return text


def readable(expression: str) -> str:
    """Return an expression without what rewriting and planning made of it."""
    text = _TEXT.sub(lambda match: "'" + _unescape(match[1]).replace("'", "''") + "'", expression)
    text = _NUMBER.sub(r"\1", _NULL.sub("NULL", text))
    text = _HOT.sub(r"attributes->>'\1'", text)
    before = None
    while before != text:
        before, text = text, _JSON.sub(_as_operators, text)
    text = _METRIC.sub(r"\1(\2)", text)
    return _INTERNAL.sub(r"\1", text)


def _unescape(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\")


def _as_operators(match: re.Match[str]) -> str:
    function, operand, path = match.groups()
    last = _OPERATORS.get(function)
    try:
        steps = orjson.loads(path.replace("''", "'"))
    except orjson.JSONDecodeError:
        steps = [path]
    keys = [str(step) if isinstance(step, int) else f"'{step}'" for step in steps]
    if last is None:
        return f"json_{function}({', '.join([operand, *keys])})"
    return operand + "".join(f"->{key}" for key in keys[:-1]) + last + (keys[-1] if keys else "")
