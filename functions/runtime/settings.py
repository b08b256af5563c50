"""What differs between one place the pipeline runs in and another, read from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


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
    """

    model_config = SettingsConfigDict(env_prefix="MYSTAGE_", frozen=True, extra="ignore")

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

    @property
    def database_url(self) -> str:
        """The SQL database in force."""
        return self.sql_url or f"sqlite:///{(self.data / 'mystage.db').resolve()}"
