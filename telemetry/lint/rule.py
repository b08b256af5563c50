"""What a rule is: a class whose docstring is its documentation."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, ClassVar

from telemetry.lint.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telemetry.definitions.places import Place
    from telemetry.lint.findings import Remark
    from telemetry.lint.parsed import ParsedQuery
    from telemetry.lint.plans import RefusalKind
    from telemetry.lint.project import Project


class Rule:
    """Stand above all rules.

    Attributes:
        code: As silencers name it: ``MS`` and three digits.
        name: What people call it: group and subject.
    """

    code: ClassVar[str]
    name: ClassVar[str]

    @classmethod
    def documentation(cls) -> str:
        """Return the docstring, without its indentation."""
        return inspect.cleandoc(cls.__doc__ or "")

    @classmethod
    def title(cls) -> str:
        """Return what it finds, in a line."""
        return cls.documentation().partition("\n")[0].rstrip(".")


class QueryRule(Rule):
    """Judge one query at a time.

    Attributes:
        explains_refusal: Whether what it finds is why the engine refuses such a query, so that the
            engine's own words need not be repeated.
        refusals: Which refusals of the engine this rule reports.
    """

    explains_refusal: ClassVar[bool] = False
    refusals: ClassVar[frozenset[RefusalKind]] = frozenset()

    def check(self, query: ParsedQuery) -> Iterable[Remark]:  # noqa: ARG002 - for those that override it
        """Give what is wrong with a query."""
        return ()


class ProjectRule(Rule):
    """Judge all definitions together."""

    def check(self, project: Project) -> Iterable[Finding]:
        """Give what is wrong with the definitions."""
        raise NotImplementedError

    def finding(
        self, place: Place, message: str, *, hint: str = "", subject: str = "", width: int = 0
    ) -> Finding:
        """Return a finding of this rule."""
        return Finding(
            place=place, code=self.code, message=message, hint=hint, subject=subject, width=width
        )
