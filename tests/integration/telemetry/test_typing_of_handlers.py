"""What a type checker knows of an instrumented handler: all it knew of the handler."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mypy import api

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
from typing import Any
from telemetry import StageSpec, current_run, delivery, instrumented_stage, producer_span

stage = instrumented_stage("extraction", task_type="bit", service="agents")

@stage
def handler(data: dict[str, Any], *, factor: int = 1) -> str:
    return str(factor)

@stage
async def async_handler(data: dict[str, Any]) -> bytes:
    return b""

class Writer:
    @stage
    def write(self, payload: int) -> list[str]:
        return []

def commit(payload: int) -> float:
    return 1.0

reveal_type(handler({}, factor=2))          # str
reveal_type(handler.stage)                  # telemetry.stage.StageSpec
reveal_type(handler.stage.service)          # str | None
reveal_type(handler.__wrapped__({}))        # str
reveal_type(handler.around(commit)(1))      # float
reveal_type(Writer().write(1))              # list[str]
reveal_type(Writer().write.stage)           # telemetry.stage.StageSpec
reveal_type(current_run().counts)           # collections.abc.Mapping[str, float]

async def use() -> None:
    reveal_type(await async_handler({}))    # bytes

with producer_span("queue") as ctx:
    reveal_type(ctx)                        # dict[str, str]

handler("text")                             # error: [arg-type]
handler({}, factor="2")                     # error: [arg-type]
handler({}, other=2)                        # error: [call-arg]
handler.around(commit)("text")              # error: [arg-type]
Writer().write("text")                      # error: [arg-type]
current_run().set_outcome("meh")            # error: [arg-type]
"""


def test_a_handlers_signature_survives_the_decorator(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    expected = {
        number: comment.strip()
        for number, line in enumerate(PROGRAM.splitlines(), 1)
        for _, hash_, comment in [line.partition("#")]
        if hash_
    }

    output, _, _ = api.run(
        [
            "--strict",
            "--config-file=",
            f"--cache-dir={tmp_path / 'cache'}",
            "--follow-imports=silent",
            str(program),
        ]
    )

    found: dict[int, str] = {}
    for line in output.splitlines():
        if revealed := re.search(r':(\d+): note: Revealed type is "(.*)"', line):
            found[int(revealed[1])] = _shorten(revealed[2])
        elif error := re.search(r":(\d+): error: .*(\[[a-z-]+\])$", line):
            found[int(error[1])] = f"error: {error[2]}"
    assert expected == found


def _shorten(revealed: str) -> str:
    return re.sub(r"\bbuiltins\.|\btyping\.(?=Mapping)", "", revealed).replace(
        "Mapping", "collections.abc.Mapping"
    )
