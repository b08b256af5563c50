"""``python -m functions.emulator``: what ``mystage emulate tasks`` does, for a parent process."""

from __future__ import annotations

from functions.cli.emulate import tasks

if __name__ == "__main__":
    tasks(prog_name="python -m functions.emulator")
