"""Who may use the admin pages, read from the environment."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

_IAP_KEYS: Final = "https://www.gstatic.com/iap/verify/public_key"
"""https://cloud.google.com/iap/docs/signed-headers-howto#verifying_the_jwt_header"""


class AdminSettings(BaseSettings):
    """Hold the settings; each is read from ``MYSTAGE_ADMIN_`` and its name in capitals.

    Attributes:
        iap_audience: What Identity-Aware Proxy signs its header for, as
            ``/projects/NUMBER/global/backendServices/ID``.
        iap_keys_url: Where its public keys are.
        iap_timeout: Seconds without a word after which that place counts as down.
        operators: Who may act: emails, and domains of Google Workspace as ``@example.com``.
        viewers: Who may look, written likewise.
        form_secret: What the tokens in forms are made with; the same for all instances. By default
            each has one of its own, and a form that reaches another one has to be sent again.
    """

    # A value that is refused may be a secret in the wrong place: it is not repeated.
    model_config = SettingsConfigDict(
        env_prefix="MYSTAGE_ADMIN_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    iap_audience: str = ""
    iap_keys_url: str = _IAP_KEYS
    iap_timeout: Annotated[float, Field(gt=0, le=60)] = 5.0
    operators: str = ""
    viewers: str = ""
    form_secret: SecretStr = SecretStr("")
