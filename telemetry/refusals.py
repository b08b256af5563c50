"""What a server says in the body of a refusal, as one text."""

from __future__ import annotations

from typing import Any

from telemetry.terminal import clean


def describe_refusal(body: Any) -> str:
    """Return what the body of an error says, whatever shape it has.

    Args:
        body: JSON, or text; FastAPI's ``{"detail": …}`` is unwrapped, lists of problems are joined
            (https://fastapi.tiangolo.com/tutorial/handling-errors/).
    """
    detail = body.get("detail", body) if isinstance(body, dict) else body
    if isinstance(detail, list):
        return clean("; ".join(map(_describe_problem, detail)))
    return clean(str(detail))


def _describe_problem(problem: Any) -> str:
    if not isinstance(problem, dict):
        return str(problem)
    return f"{'.'.join(map(str, problem.get('loc', ())))}: {problem.get('msg', problem)}"
