"""What differs between one place the pipeline runs in and another, read from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

_PREFIX: Final = "MYSTAGE_"


class Settings(BaseSettings):
    """Hold the settings; each is read from ``MYSTAGE_`` and its name in capitals.

    Attributes:
        profile: Which profile of ``functions/pipeline.py`` applies.
        project: The Google Cloud project.
        location: The region of queues and functions.
        base_url: Where the functions answer.
        queue_prefix: Put before each queue's name.
        data: The folder of the embedded stores.
        lock_patience: Seconds to wait for a folder that another run uses: the processes of a run
            that was killed take a moment to end.
        sql_url: The SQL database that entities are brought into, as SQLAlchemy writes it; the
            embedded default is a file in ``data``.
        fetch_timeout: Seconds for one fetch, redirects and all.
        fetch_max_pause: Seconds that a server may ask to be left alone for, by ``Retry-After``.
        fetch_private: Whether addresses on this machine or in private networks may be fetched:
            never, where a source names one, or wherever a page leads. For local runs only:
            elsewhere it opens the inner network to whoever names a source.
        fetch_files: Whether files may be sources. For local runs only.
        alert_webhook_secret: What callers of ``dpl_on_alert`` have to know.
        slack_token: Of a bot that may ``chat:write``.
        slack_channel: The id of the channel it writes to.
        slack_api: Where Slack's API answers.
        slack_timeout: Seconds without a word after which Slack counts as down.
        slack_webhook_url: An incoming webhook of Slack, for where there is no bot. It is a secret.
        console_url: Where the pages are that messages link to.
        failed_tasks_url: The page of failed tasks, where it is not one of those.
    """

    # A value that is refused may be a secret in the wrong place: it is not repeated.
    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    profile: str = "production"
    project: str = "mystage-local"
    location: str = "us-central1"
    base_url: str = "http://127.0.0.1:8642"
    queue_prefix: str = ""
    data: Path = Path(".mystage")
    lock_patience: Annotated[float, Field(ge=0)] = 15.0
    sql_url: str = ""
    fetch_timeout: Annotated[float, Field(gt=0, le=600)] = 30.0
    fetch_max_pause: Annotated[float, Field(ge=0)] = 3600.0
    fetch_private: Literal["never", "named", "any"] = "never"
    fetch_files: bool = False
    alert_webhook_secret: SecretStr = SecretStr("")
    slack_token: SecretStr = SecretStr("")
    slack_channel: str = ""
    slack_api: str = "https://slack.com/api"
    slack_timeout: Annotated[float, Field(gt=0, le=60)] = 10.0
    slack_webhook_url: SecretStr = SecretStr("")
    console_url: str = "http://127.0.0.1:8642"
    failed_tasks_url: str = ""

    @property
    def database_url(self) -> str:
        """The SQL database in force."""
        return self.sql_url or f"sqlite:///{(self.data / 'mystage.db').resolve()}"

    @property
    def failed_tasks_page(self) -> str:
        """The page of failed tasks in force."""
        return self.failed_tasks_url or f"{self.console_url.rstrip('/')}/failed-tasks"

    def to_environment(self) -> dict[str, str]:
        """Return the variables that make a child process read these settings, secrets and all."""
        return {
            f"{_PREFIX}{name.upper()}": (
                value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            )
            for name, value in self.model_dump().items()
        }
