"""The rules there are, found in the files of ``telemetry.sql.rules``."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

import telemetry.sql.rules
from telemetry.lint.rule import ProjectRule, QueryRule, Rule

_DECIDING: Final = ("lint", "sql", "emulator/engine")
"""The folders whose code decides what is found in a query."""


@cache
def all_rules() -> tuple[type[Rule], ...]:
    """Return all rules, by their codes."""
    rules: dict[str, type[Rule]] = {}
    package = telemetry.sql.rules
    for module in pkgutil.iter_modules(package.__path__):
        for each in vars(importlib.import_module(f"{package.__name__}.{module.name}")).values():
            if isinstance(each, type) and issubclass(each, Rule) and "code" in vars(each):
                other = rules.setdefault(each.code, each)
                if other is not each:
                    raise TypeError(f"{each.__name__} and {other.__name__} are both {each.code}")
    return tuple(rules[code] for code in sorted(rules))


@cache
def query_rules() -> tuple[QueryRule, ...]:
    """Return the rules that judge queries."""
    return tuple(rule() for rule in all_rules() if issubclass(rule, QueryRule))


@cache
def project_rules() -> tuple[ProjectRule, ...]:
    """Return the rules that judge all definitions together."""
    return tuple(rule() for rule in all_rules() if issubclass(rule, ProjectRule))


def find_rule(code: str) -> type[Rule] | None:
    """Return the rule of a code or a dotted name; None where there is none."""
    wanted = code.strip().lower()
    return next((each for each in all_rules() if wanted in {each.code.lower(), each.name}), None)


def fingerprint() -> str:
    """Return a text that changes with whatever code decides what is found in a query."""
    digest = hashlib.sha256()
    root = Path(telemetry.sql.rules.__file__).parents[2]
    for folder in _DECIDING:
        for file in sorted((root / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    digest.update(version("sqlglot").encode())
    try:
        digest.update(version("datafusion").encode())
    except ImportError:  # what is found without the engine is not what is found with it
        digest.update(b"-")
    return digest.hexdigest()
