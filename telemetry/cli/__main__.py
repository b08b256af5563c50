"""``python -m telemetry.cli``: the same as ``mystage``."""

from telemetry.cli import main

main()
