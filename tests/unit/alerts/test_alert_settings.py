"""Settings with secrets: what a child process reads, and what nobody reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from functions.runtime.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = {
    "alert_webhook_secret": "the-secret-of-the-webhook",
    "slack_token": "xoxb-the-token",
    "slack_webhook_url": "https://hooks.slack.example/services/T/B/X",
}


def test_a_child_process_reads_the_same_settings_secrets_and_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data=tmp_path, slack_channel="C1", fetch_files=True, **SECRETS)  # type: ignore[arg-type]

    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)

    assert settings == Settings()


def test_secrets_are_in_no_text_of_the_settings() -> None:
    settings = Settings(**SECRETS)  # type: ignore[arg-type]

    told = repr(settings) + str(settings) + str(settings.model_dump()) + settings.model_dump_json()
    assert [] == [secret for secret in SECRETS.values() if secret in told]


def test_a_value_that_is_refused_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYSTAGE_SLACK_TIMEOUT", SECRETS["slack_token"])

    with pytest.raises(ValidationError) as refusal:
        Settings()

    assert "slack_timeout" in str(refusal.value)
    assert SECRETS["slack_token"] not in str(refusal.value)


def test_the_page_of_failed_tasks_is_one_of_the_console_unless_it_is_said() -> None:
    console = Settings(console_url="https://console.example/")

    assert "https://console.example/failed-tasks" == console.failed_tasks_page
    elsewhere = console.model_copy(update={"failed_tasks_url": "https://admin.example/"})
    assert "https://admin.example/" == elsewhere.failed_tasks_page
