"""Channels: where messages of alerts go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field

from telemetry.emulator.http.refusals import Refusal
from telemetry.emulator.management.addresses import Addresses
from telemetry.emulator.management.assignments import find_users
from telemetry.emulator.management.bodies import Body, Content, Name
from telemetry.emulator.management.masking import SecretKey, SecretUrl  # noqa: TC001 - pydantic reads at run time
from telemetry.emulator.management.resources import Resource

if TYPE_CHECKING:
    from telemetry.emulator.management.rows import Row, Rows

KIND: Final = "channel"
WEBHOOK: Final = "webhook"


class WebhookConfig(Body):
    """Post to an address, which is a secret."""

    type: Literal["webhook"]
    format: Literal["auto", "slack-blockkit", "slack-legacy", "raw-data"] = "auto"
    url: SecretUrl


class OpsgenieConfig(Body):
    """Open an alert of Opsgenie."""

    type: Literal["opsgenie"]
    auth_key: SecretKey


class PagerDutyConfig(Body):
    """Open an incident of PagerDuty."""

    type: Literal["pagerduty"]
    routing_key: SecretKey
    region: Literal["us", "eu"] = "us"


class SlackIntegrationConfig(Body):
    """Write to a Slack channel by Logfire's app."""

    type: Literal["slack-integration"]
    install_id: Name
    channel_id: Name
    include_agent_prompt: bool = False


class PagerDutyIntegrationConfig(Body):
    """Open an incident by Logfire's PagerDuty app."""

    type: Literal["pagerduty-integration"]
    install_id: Name
    service_id: Name


class EmailConfig(Body):
    """Write to the people of the organisation."""

    type: Literal["email"]


Config = Annotated[
    WebhookConfig
    | OpsgenieConfig
    | PagerDutyConfig
    | SlackIntegrationConfig
    | PagerDutyIntegrationConfig
    | EmailConfig,
    Field(discriminator="type"),
]


class NewChannel(Body):
    """Hold what makes a channel."""

    label: Name
    active: bool = True
    config: Config


class ChannelChanges(Body):
    """Hold what changes one: a config is replaced as a whole, for its secret is not kept here."""

    label: Name = ""
    active: bool = True
    config: Config = EmailConfig(type="email")


class Channels(Resource):
    """Keep channels.

    Args:
        addresses: What remembers where webhooks lead; by default nothing does.
    """

    kind = KIND
    collection = "channels"
    in_project = False
    creation = NewChannel
    changes = ChannelChanges

    def __init__(self, addresses: Addresses | None = None) -> None:
        self._addresses = addresses or Addresses()

    def create(self, rows: Rows, given: Content) -> tuple[Row, Content]:
        """Keep a new one, remember where it leads, and return it with what is answered.

        Raises:
            Refusal: It cannot be kept as it is.
        """
        row, shown = super().create(rows, given)
        self._remember(rows, row, given)
        return row, shown

    def update(self, rows: Rows, row: Row, given: Content) -> Content:
        """Change one, remember where it leads now, and return what is answered.

        Raises:
            Refusal: It cannot be kept like that.
        """
        shown = super().update(rows, row, given)
        self._remember(rows, row, given)
        return shown

    def forget(self, rows: Rows, row: Row) -> None:
        """Forget where one led."""
        rows.after_commit.append(lambda: self._addresses.forget(row.id))

    def begin(self, content: Content) -> Content:
        """Return what a new one is: active, whatever its body says."""
        return content | {"active": True}

    def check_unused(self, rows: Rows, row: Row) -> None:
        """Make sure that it can be deleted.

        Raises:
            Refusal: An alert or an objective sends to it.
        """
        if users := find_users(rows, "channel_id", row.id):
            raise Refusal(409, f"the channel is in use by {users}: take it out of there first")

    def _remember(self, rows: Rows, row: Row, given: Content) -> None:
        config = given.get("config")
        if config is None:
            return
        if config["type"] == WEBHOOK:
            rows.after_commit.append(lambda: self._addresses.learn(row.id, config["url"]))
        else:
            self.forget(rows, row)


def show_channel(rows: Rows, identifier: str) -> dict[str, Any]:
    """Return a channel as an alert shows it."""
    row = rows.find(KIND, identifier)
    assert row is not None  # noqa: S101 - check_unused sees to it
    return Channels().show(rows, row)
