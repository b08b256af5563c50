"""What all definitions share."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_ENV: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Model(BaseModel):
    """Refuse what it does not know, so that a misspelled key is found."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, use_attribute_docstrings=True
    )


def _check_slug(value: str) -> str:
    if not SLUG.fullmatch(value):
        raise ValueError(f"{value!r} is no slug: lower-case letters, digits and dashes")
    return value


def _check_secret(value: str) -> str:
    if not _ENV.fullmatch(value):
        # The value itself is not repeated: it may be the secret.
        raise ValueError("a secret is never written down: name a variable, as ${SLACK_WEBHOOK_URL}")
    return value


Slug = Annotated[
    str, AfterValidator(_check_slug), Field(json_schema_extra={"pattern": "^[a-z0-9][a-z0-9-]*$"})
]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Secret = Annotated[
    str,
    AfterValidator(_check_secret),
    Field(json_schema_extra={"pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"}),
]
"""``${ENV_NAME}``: where the secret is when it is needed."""


def secret_variable(secret: str) -> str:
    """Return the name of the environment variable that a secret is in."""
    match = _ENV.fullmatch(secret)
    if match is None:
        raise ValueError("no reference to a variable")
    return match[1]
