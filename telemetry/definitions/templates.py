"""Templates: parameters in the YAML's texts and in SQL, as ``{{ stage.name }}``.

Jinja in its sandbox, so that a definition from elsewhere can do nothing but compute texts. A name
that is not there is an error, never an empty text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from telemetry.sql.operands import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

_EXPRESSION: Final = re.compile(r"\s*\{\{((?:(?!\}\}|\{\{).)*)\}\}\s*", re.DOTALL)
_MARKS: Final = ("{{", "{%", "{#")


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


_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
)
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
    try:
        compiled = _ENVIRONMENT.compile_expression(match[1].strip(), undefined_to_none=False)
        value = compiled(**parameters)
        if isinstance(value, StrictUndefined):
            str(value)  # raises
    except TemplateError as error:
        raise _invalid(error) from error
    return value


def render_text(text: str, parameters: Mapping[str, Any]) -> str:
    """Return a text with its parameters.

    Raises:
        InvalidTemplate: It cannot be rendered.
    """
    if not any(mark in text for mark in _MARKS):
        return text
    try:
        return _ENVIRONMENT.from_string(text).render(**parameters)
    except TemplateError as error:
        raise _invalid(error) from error
    except (TypeError, ArithmeticError, LookupError, RecursionError, OverflowError) as error:
        raise InvalidTemplate(f"the template cannot be rendered: {error}", 1) from error


def _invalid(error: TemplateError) -> InvalidTemplate:
    line = error.lineno if isinstance(error, TemplateSyntaxError) else 1
    return InvalidTemplate(f"the template cannot be rendered: {error.message}", line)
