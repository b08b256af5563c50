"""What the tasks of this package say."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from functions.runtime.payload import Payload


class PostIncident(Payload):
    """Tell Slack what it does not know yet of an incident."""

    incident_id: Annotated[str, Field(min_length=1, max_length=200)]
