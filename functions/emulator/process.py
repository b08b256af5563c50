"""The emulator as a child process of a Python program or a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.errors import EmulatorError
from telemetry.child import ServingProcess
from telemetry.errors import ServerNotStarted

if TYPE_CHECKING:
    from pathlib import Path


class EmulatorProcess(ServingProcess):
    """Run an emulator in a process of its own, which ends when this one does, however it does.

    Args:
        data_dir: The folder that survives; None for a temporary one.
        port: The port to listen on; 0 picks a free one.

    Raises:
        EmulatorError: The emulator did not start; the message has what it wrote to stderr.
    """

    def __init__(self, data_dir: Path | None = None, *, port: int = 0) -> None:
        arguments = ["--port", str(port)]
        if data_dir is not None:
            arguments += ["--data", str(data_dir)]
        try:
            super().__init__("functions.emulator", arguments, name="Cloud Tasks emulator")
        except ServerNotStarted as error:
            raise EmulatorError(str(error)) from error
