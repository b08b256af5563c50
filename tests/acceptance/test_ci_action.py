"""The action of CI, run as GitHub runs it: its script, with inputs and files in the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from telemetry.child import ServingProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "observability" / "action.yml"
WORKFLOW = ROOT / ".github" / "workflows" / "observability.yml"

ALERT = """\
kind: Alert
name: Any error
sql: {sql}
window: 5m
every: 5m
channels: [{{channel: Slack}}]
"""
CHANNEL = "kind: Channel\nlabel: Slack\nconfig: {type: webhook, url: '${SLACK_WEBHOOK_URL}'}\n"
TESTS = """\
alert: Any error
tests:
  - name: one error fires
    given:
      - {log: broken, level: error, at: -1m}
    expect:
      - {at: 0m, fires: true, rows: [{n: 1}]}
"""
DASHBOARD = """\
kind: Dashboard
slug: words
name: Words
groups: [{title: All, panels: [{name: Hello, kind: markdown, text: Hello}]}]
"""
COUNT = "SELECT count(*) AS n FROM records WHERE level >= 'error' HAVING count(*) > 0"


def read_yaml(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def steps() -> dict[str, dict[str, Any]]:
    return {
        step.get("id", step.get("name", "")): step for step in read_yaml(ACTION)["runs"]["steps"]
    }


@dataclass(frozen=True)
class Ran:
    """Hold what a step left behind."""

    code: int
    text: str
    outputs: str
    summary: str


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give another repository, with definitions of its own."""
    made = tmp_path / "repository"
    (made / "alerts").mkdir(parents=True)
    (made / "dashboards").mkdir()
    (made / "alerts" / "errors.yaml").write_text(ALERT.format(sql=COUNT))
    (made / "alerts" / "slack.yaml").write_text(CHANNEL)
    return made


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = str(tmp_path_factory.mktemp("data"))
    with ServingProcess(
        "telemetry.cli.emulate", ["--data", data], name="Logfire emulator"
    ) as emulator:
        yield emulator.address


def run(repository: Path, command: str, url: str = "", pictures: str = "false") -> Ran:
    """Run the action's own script."""
    outputs, summary = repository.parent / "outputs", repository.parent / "summary"
    for each in (outputs, summary):
        each.write_text("")
    done = subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", steps()["run"]["run"]],
        cwd=repository,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(outputs),
            "GITHUB_STEP_SUMMARY": str(summary),
            "COMMAND": command,
            "DEFINITIONS": "",
            "LOGFIRE_PROJECT": "",
            "URL": url,
            "PICTURES": pictures,
            "SLACK_WEBHOOK_URL": "https://hooks.slack.example/services/T0/B0/s3cr3t",
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return Ran(done.returncode, done.stdout + done.stderr, outputs.read_text(), summary.read_text())


def test_a_change_is_linted_planned_and_applied_and_then_there_is_none(
    repository: Path, url: str
) -> None:
    linted = run(repository, "lint")
    (repository / "alerts" / "errors.test.yaml").write_text(TESTS)
    tested = run(repository, "test")
    planned = run(repository, "plan", url)
    applied = run(repository, "apply", url)
    again = run(repository, "plan", url)
    drifted = run(repository, "drift", url)

    assert (0, 0, 0, 0, 0, 0) == (
        linted.code,
        tested.code,
        planned.code,
        applied.code,
        again.code,
        drifted.code,
    ), (linted.text, tested.text, planned.text, applied.text, again.text, drifted.text)
    assert ("changes=true\n", "changes=true\n", "", "") == (
        planned.outputs,
        applied.outputs,
        again.outputs,
        drifted.outputs,
    )
    assert "Any error" in planned.summary
    assert "1 passed, 0 failed" in tested.summary
    everything = "".join(each.text + each.summary for each in (planned, applied, again, drifted))
    assert "s3cr3t" not in everything


def test_a_plan_draws_the_panels_that_change_for_an_artifact(repository: Path, url: str) -> None:
    (repository / "dashboards" / "words.yaml").write_text(DASHBOARD)

    planned = run(repository, "plan", url, pictures="true")

    assert (0, "changes=true\n") == (planned.code, planned.outputs), planned.text
    panels = repository / "panels"
    assert "![after](pictures/words/hello-after.png)" in (panels / "plan.md").read_text()
    assert (panels / "pictures/words/hello-after.png").read_bytes().startswith(b"\x89PNG")
    told = "The panels that change are drawn in the artifact `panels`."
    assert [True, True] == [
        text.endswith(f"{told}\n")
        for text in (planned.summary, (repository / "plan.md").read_text())
    ]
    assert "![" not in planned.summary


def test_what_is_wrong_is_annotated_at_its_line_and_fails(repository: Path) -> None:
    (repository / "alerts" / "errors.yaml").write_text(
        ALERT.format(sql="SELECT nothing FROM records LIMIT 1")
    )
    linted = run(repository, "lint")
    assert 1 == linted.code
    assert "::error file=alerts/errors.yaml,line=3," in linted.text


def test_an_instance_that_is_down_fails_and_writes_nothing(repository: Path) -> None:
    planned = run(repository, "plan", "http://127.0.0.1:9")
    applied = run(repository, "apply", "http://127.0.0.1:9")
    assert (69, 69) == (planned.code, applied.code)
    assert "Traceback" not in planned.text + applied.text


def test_no_expression_is_written_into_a_script() -> None:
    scripts = [
        step["run"]
        for file in (ACTION, WORKFLOW)
        for step in _all_steps(read_yaml(file))
        if "run" in step
    ]
    assert [] == [script for script in scripts if "${{" in script]


def test_secrets_are_given_to_pull_requests_of_this_repository_only() -> None:
    jobs = read_yaml(WORKFLOW)["jobs"]
    with_secrets = {
        name
        for name, job in jobs.items()
        if any("secrets." in str(step.get("env", "")) for step in job["steps"])
    }
    assert {"plan", "apply", "drift"} == with_secrets
    assert "head.repo.full_name == github.repository" in jobs["plan"]["if"]
    assert "refs/heads/main" in jobs["apply"]["if"]


def _all_steps(file: dict[str, Any]) -> list[dict[str, Any]]:
    if "runs" in file:
        return list(file["runs"]["steps"])
    return [step for job in file["jobs"].values() for step in job["steps"]]
