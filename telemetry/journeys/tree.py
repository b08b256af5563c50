"""The spans of a trace as a tree, whatever their parents say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry.journeys.spans import Span


@dataclass(frozen=True, slots=True)
class Branch:
    """Place a span in the tree.

    Attributes:
        span: The span.
        depth: How many are above it.
        is_orphan: Whether it stands at the root although it has a parent: that is missing, or a
            part of what is below it.
    """

    span: Span
    depth: int
    is_orphan: bool = False


def build_tree(spans: Sequence[Span]) -> list[Branch]:
    """Return every span once, each behind the one it is part of, in the order of time.

    Args:
        spans: The earliest first. Ids may repeat, parents be missing or each other's.
    """
    places = {span.id: index for index, span in reversed(list(enumerate(spans)))}
    children: dict[int, list[int]] = {}
    roots: list[int] = []
    for index, span in enumerate(spans):
        parent = places.get(span.parent_id)
        if parent is None or parent == index:
            roots.append(index)
        else:
            children.setdefault(parent, []).append(index)
    branches: list[Branch] = []
    placed: set[int] = set()
    # What no root leads to is a circle, which is cut open where it began.
    for start in (*roots, *range(len(spans))):
        waiting = [(start, 0)]
        while waiting:
            index, depth = waiting.pop()
            if index in placed:
                continue
            placed.add(index)
            span = spans[index]
            branches.append(Branch(span, depth, is_orphan=depth == 0 and bool(span.parent_id)))
            waiting += [(child, depth + 1) for child in reversed(children.get(index, ()))]
    return branches
