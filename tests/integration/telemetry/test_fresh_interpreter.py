"""What a process sees that imports the toolkit and configures nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    Result = subprocess.CompletedProcess[str]


def run_python(program: str, folder: Path, **environment: str) -> Result:
    return subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", program],
        cwd=folder,
        env={"PATH": "", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_importing_it_imports_nothing_heavy(tmp_path: Path) -> None:
    program = (
        "import sys, telemetry\n"
        "heavy = ('logfire', 'opentelemetry.sdk', 'pytest', 'pydantic', 'requests', 'asyncio')\n"
        "print([name for name in heavy if name in sys.modules])"
    )

    result = run_python(program, tmp_path)

    assert result.stderr == ""
    assert result.stdout == "[]\n"


UNCONFIGURED = """
import asyncio
import telemetry

ctx = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}

@telemetry.instrumented_stage("extraction")
def handler(payload):
    run = telemetry.current_run()
    run.found("venues")
    run.set_attribute("a", 1)
    with telemetry.producer_span("next-queue") as onward:
        return run.trace_id, onward

@telemetry.instrumented_stage("extraction")
async def async_handler(payload):
    raise ValueError("as it was")

print(handler({"ctx": ctx}))
try:
    asyncio.run(async_handler({}))
except ValueError as error:
    print(error)
telemetry.count("tasks_dispatched")
print(telemetry.flush(timeout=1))
"""


def test_without_configuration_everything_works_and_nothing_is_printed(tmp_path: Path) -> None:
    result = run_python(UNCONFIGURED, tmp_path)

    assert result.stderr == ""
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    onward = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
    assert result.stdout.splitlines() == [str((trace_id, onward)), "as it was", "True"]


@pytest.mark.parametrize(
    "variable", ["OTEL_PYTHON_TRACER_PROVIDER", "OTEL_PYTHON_METER_PROVIDER", "OTEL_SDK_DISABLED"]
)
def test_settings_of_opentelemetry_that_are_wrong_break_no_handler(
    variable: str, tmp_path: Path
) -> None:
    result = run_python(UNCONFIGURED, tmp_path, **{variable: "true"})

    assert result.stdout.splitlines()[1:] == ["as it was", "True"]


FORKED = """
import os
import telemetry
from opentelemetry.sdk.trace import SpanProcessor

class Recorder(SpanProcessor):
    ended = 0

    def on_end(self, span):
        self.ended += 1

recorder = Recorder()
telemetry.configure("agents", "1", send_to_logfire=False, span_processors=[recorder])
handler = telemetry.instrumented_stage("extraction")(lambda: None)
handler()
assert telemetry.flush(timeout=20)
if (child := os.fork()) == 0:
    before = recorder.ended
    handler()
    print(telemetry.flush(timeout=20), recorder.ended - before, flush=True)
    os._exit(0)
os.waitpid(child, 0)
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_process_sends_what_it_records(tmp_path: Path) -> None:
    result = run_python(FORKED, tmp_path)

    assert result.stdout == "True 1\n"


def test_strict_mode_is_switched_on_by_the_environment(tmp_path: Path) -> None:
    program = "import telemetry; telemetry.count('venuez')"

    lax = run_python(program, tmp_path)
    strict = run_python(program, tmp_path, MYSTAGE_TELEMETRY_STRICT="1")

    assert lax.returncode == 0
    assert "no counter 'venuez' in the metric catalogue" in lax.stderr
    assert strict.returncode == 1
    assert "telemetry.errors.UndeclaredMetric: no counter 'venuez'" in strict.stderr


def test_the_plugin_gives_a_project_its_fixture(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["telemetry.testing"]\n')
    (tmp_path / "test_project.py").write_text(
        "import telemetry\n"
        "\n"
        "@telemetry.instrumented_stage('extraction')\n"
        "def handler(data):\n"
        "    telemetry.current_run().created('venues')\n"
        "\n"
        "def test_a_venue_is_counted(captured_telemetry):\n"
        "    handler({})\n"
        "    assert captured_telemetry.counter('venues_created') == 1\n"
        "\n"
        "def test_a_misspelt_span_is_missed(captured_telemetry):\n"
        "    handler({})\n"
        "    captured_telemetry.span('process extracton')\n"
    )

    result = subprocess.run(
        [
            sys.executable,
            *["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "-W", "error"],
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "1 failed, 1 passed" in result.stdout
    assert "NotCaptured: no span 'process extracton'; captured:" in result.stdout
