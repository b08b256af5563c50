"""Exit codes, named once; 64 to 70 as in BSD's ``sysexits.h``."""

from __future__ import annotations

from typing import Final

OK: Final = 0
FINDINGS: Final = 1
"""It ran, and found something or failed at something."""

USAGE: Final = 64
"""The command line is wrong."""

UNAVAILABLE: Final = 69
"""A service is out of reach, or a folder or port is taken."""

BUG: Final = 70
"""The program is wrong."""
