"""Which attributes are worth a column of their own: those that many rows have."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from telemetry.emulator.store.shredding import Attributes

STRIDE: Final = 16
"""One row of so many is counted."""

SAMPLE: Final = 128
"""Counted rows that are needed to decide: a handful would make anything look frequent."""

_SHARE: Final = 0.02
_LONGEST_VALUE: Final = 128
"""Characters on average: longer ones are texts, which nobody groups by."""

_LONGEST_KEY: Final = 128

_INTERNAL: Final = "logfire."
"""What the SDK tells Logfire, which has columns of its own for it."""


class Census:
    """Count the attributes of a sample of rows."""

    def __init__(self) -> None:
        self._rows = 0
        self._counts: Counter[str] = Counter()
        self._lengths: Counter[str] = Counter()

    @property
    def is_sufficient(self) -> bool:
        """Whether enough rows were counted to decide."""
        return self._rows >= SAMPLE

    def observe(self, attributes: Attributes) -> None:
        """Count the attributes of some rows."""
        self._rows += len(attributes)
        for each in attributes:
            self._counts.update(each.keys())
            for key, value in each.items():
                if isinstance(value, str):
                    self._lengths[key] += len(value)
                elif isinstance(value, (dict, list)):
                    self._lengths[key] += len(repr(value))

    def elect(self, hot: Collection[str], most: int) -> list[str]:
        """Return the keys that should become hot, the most frequent first.

        Args:
            hot: Those that are already.
            most: How many more there may be.
        """
        needed = self._rows * _SHARE
        eligible = [
            key
            for key, count in self._counts.items()
            if count >= needed
            and key not in hot
            and self._lengths[key] <= count * _LONGEST_VALUE
            and 0 < len(key) <= _LONGEST_KEY
            and not key.startswith(_INTERNAL)
        ]
        # By name where they are equally frequent: the same rows elect the same keys.
        eligible.sort(key=lambda key: (-self._counts[key], key))
        return eligible[: max(0, most)]
