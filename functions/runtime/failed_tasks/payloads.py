"""What the tasks of this package say."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from functions.runtime.payload import Payload


class RetryFailedTasks(Payload):
    """Go on with a bulk retry."""

    bulk_id: Annotated[str, Field(min_length=1, max_length=200)]
