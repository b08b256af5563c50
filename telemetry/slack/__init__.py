"""A stand-in for Slack: it takes messages as Slack does, keeps them, and shows them."""

from telemetry.slack.api import slack_routes
from telemetry.slack.blocks import render_message
from telemetry.slack.inbox import Inbox, Message

__all__ = ["Inbox", "Message", "render_message", "slack_routes"]
