"""Templates: parameters in the YAML's texts and in SQL, as ``{{ stage.name }}``.

Jinja in its sandbox, so that a definition from elsewhere can do nothing but compute texts. A name
that is not there is an error, never an empty text.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from telemetry.sql.operands import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

_EXPRESSION: Final = re.compile(r"\s*\{\{((?:(?!\}\}|\{\{).)*)\}\}\s*", re.DOTALL)
_MARKS: Final = ("{{", "{%", "{#")
_LONGEST: Final = 1_000_000
"""Characters."""
_LONGEST_RANGE: Final = 1_000
_LONGEST_SECONDS: Final = 2.0
_LARGEST: Final = 1e12


class InvalidTemplate(ValueError):  # noqa: N818 - as the toolkit's other errors are named
    """Say why a text cannot be rendered.

    Args:
        message: Why.
        line: Of the text, from 1.
    """

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def _sql_list(values: object) -> str:
    """Return texts as SQL's literals with commas between them, for ``IN (…)``."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InvalidTemplate("sql_list wants a list of texts", 1)
    return ", ".join(quote(str(value)) for value in values)


def _bounded_range(*bounds: int) -> range:
    """Return a range as templates may have it: long enough for any list of ours."""
    made = range(*bounds)
    if len(made) > _LONGEST_RANGE:
        raise InvalidTemplate(f"range has more than {_LONGEST_RANGE:,} numbers", 1)
    return made


class _Sandbox(ImmutableSandboxedEnvironment):
    """Let templates compute, and never much: a definition may come from anywhere."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Refuse what makes much of little: long texts, and numbers without end."""
        del context
        if not all(
            isinstance(each, int | float) and abs(each) < _LARGEST for each in (left, right)
        ):
            raise InvalidTemplate(f"{operator} is for numbers that are not large", 1)
        if operator == "**":
            raise InvalidTemplate("templates have no **", 1)
        return left * right if operator == "*" else left % right


_ENVIRONMENT: Final = _Sandbox(
    undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
)
_ENVIRONMENT.globals.clear()
_ENVIRONMENT.globals["range"] = _bounded_range
for _filter in ("center", "format", "indent", "pprint", "wordwrap", "xmlattr"):
    del _ENVIRONMENT.filters[_filter]  # they pad, as far as they are told
_ENVIRONMENT.filters["sql"] = lambda value: quote(str(value))
_ENVIRONMENT.filters["sql_list"] = _sql_list


def render_value(text: str, parameters: Mapping[str, Any]) -> Any:
    """Return a text of the YAML with its parameters; what is one ``{{ … }}`` keeps its type.

    Raises:
        InvalidTemplate: It cannot be rendered.
    """
    match = _EXPRESSION.fullmatch(text)
    if match is None:
        return render_text(text, parameters)
    with _told():
        compiled = _ENVIRONMENT.compile_expression(match[1].strip(), undefined_to_none=False)
        value = compiled(parameters)
        if isinstance(value, StrictUndefined):
            str(value)  # raises
    return value


def render_text(text: str, parameters: Mapping[str, Any]) -> str:
    """Return a text with its parameters.

    Raises:
        InvalidTemplate: It cannot be rendered.
    """
    if not any(mark in text for mark in _MARKS):
        return text
    parts: list[str] = []
    size, deadline = 0, time.monotonic() + _LONGEST_SECONDS
    with _told():
        for part in _ENVIRONMENT.from_string(text).generate(parameters):
            size += len(part)
            if size > _LONGEST:
                raise InvalidTemplate(f"the template makes more than {_LONGEST:,} characters", 1)
            if time.monotonic() > deadline:
                raise InvalidTemplate(f"the template takes more than {_LONGEST_SECONDS:g} s", 1)
            parts.append(part)
    return "".join(parts)


@contextmanager
def _told() -> Iterator[None]:
    """Tell whatever goes wrong in a template as what it is: a mistake in the template."""
    try:
        yield
    except InvalidTemplate:
        raise
    except TemplateError as error:
        raise _invalid(error) from error
    except Exception as error:
        # Filters and operators raise what they like.
        raise InvalidTemplate(f"the template cannot be rendered: {error}", 1) from error


def _invalid(error: TemplateError) -> InvalidTemplate:
    line = error.lineno if isinstance(error, TemplateSyntaxError) else 1
    return InvalidTemplate(f"the template cannot be rendered: {error.message}", line)
