"""How the emulator's processes deal with memory they have freed."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

import pyarrow as pa

_M_TRIM_THRESHOLD: Final = -1
_M_TOP_PAD: Final = -2
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
"""https://man7.org/linux/man-pages/man3/mallopt.3.html"""

_NEVER: Final = 2**31 - 1
_LARGEST_MMAP_THRESHOLD: Final = 32 * 2**20
_STEP: Final = 64 * 2**20
_ARENAS: Final = 2


def keep_freed_memory() -> None:
    """Let this process keep the memory it has freed, and use it again.

    Ingest frees as much as it takes, over and over. Giving it back to the system, as allocators do
    by default, means that every page is fetched and cleared anew: on a virtual machine up to a
    third of the time of ingest. Does nothing where there is no glibc.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return  # as with musl
    for option, value in (
        (_M_TRIM_THRESHOLD, _NEVER),
        (_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD),
        (_M_TOP_PAD, _STEP),
        (_M_ARENA_MAX, _ARENAS),
    ):
        mallopt(option, value)


def keep_freed_columns() -> None:
    """Let Arrow keep the memory it has freed, too, which its own allocator gives back.

    Not for a process that merges segments: what that takes at its height it would keep for ever.
    """
    pa.set_memory_pool(pa.system_memory_pool())
