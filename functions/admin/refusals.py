"""How what cannot be done is answered: which status of HTTP stands for which error."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from functions.errors import (
    BulkRetryRefused,
    DispatchError,
    FailedTaskError,
    FailedTaskMissing,
    IdentityUnavailable,
    InvalidDocumentId,
    NotPermitted,
    PayloadError,
    PipelineError,
    StoreUnavailable,
    Unidentified,
)

_STATUSES: Final[tuple[tuple[type[PipelineError], HTTPStatus], ...]] = (
    (Unidentified, HTTPStatus.UNAUTHORIZED),
    (NotPermitted, HTTPStatus.FORBIDDEN),
    (IdentityUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (FailedTaskMissing, HTTPStatus.NOT_FOUND),
    (InvalidDocumentId, HTTPStatus.NOT_FOUND),
    (BulkRetryRefused, HTTPStatus.UNPROCESSABLE_ENTITY),
    (PayloadError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (FailedTaskError, HTTPStatus.CONFLICT),
    (StoreUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (DispatchError, HTTPStatus.SERVICE_UNAVAILABLE),
)

REFUSALS: Final = tuple(kind for kind, _ in _STATUSES)
"""What is answered; whatever else is raised is a bug."""


def status_of(error: PipelineError) -> HTTPStatus:
    """Return the status that stands for one of ``REFUSALS``."""
    return next(status for kind, status in _STATUSES if isinstance(error, kind))
