"""What the linter found: of a query, and of the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telemetry.definitions.places import Place


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace a part of a query's text.

    Attributes:
        start: Where it begins.
        end: Where what follows begins.
        text: What to write instead.
    """

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Say what a rule has to say of a query.

    Attributes:
        start: Where in its text, in characters from 0.
        end: Where what follows begins; as ``start`` where there is only a point.
        message: What is wrong.
        hint: What to do next; "" where the message says it.
        name: What is unknown, as ``metric task_failed``; "" where it is something else.
        edits: What would mend it without a doubt.
    """

    start: int
    message: str
    end: int = -1
    hint: str = ""
    name: str = ""
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """Say what is wrong in a file.

    Attributes:
        place: Where.
        code: Of the rule.
        message: What.
        hint: What to do next; "" where the message says it.
        subject: Whose query it is, as ``dashboard health, panel "Failures"``.
        name: What is unknown, as ``metric task_failed``.
        width: How many characters are meant, from the place on; 0 for a point.
    """

    place: Place
    code: str
    message: str
    hint: str = ""
    subject: str = ""
    name: str = ""
    width: int = 0
