"""The way to Slack: by a bot, or by an incoming webhook.

Three calls with a JSON body each, so ``requests``, which the project has, does as well as Slack's
own ``slack_sdk``: what that adds is retrying, which is the queue's here.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from functions.errors import PermanentError, RetryableError
from telemetry.sync.waiting import parse_retry_after
from telemetry.terminal import on_one_line

if TYPE_CHECKING:
    from functions.alerts.messages import Message
    from functions.runtime.settings import Settings

# At its most talkative, urllib3 writes the path of every URL it calls, and a webhook's is a secret.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

_CONNECT_SECONDS: Final = 3.05
_MAX_ANSWER: Final = 64 * 1024
_MAX_PAUSE: Final = timedelta(hours=1)
_MAX_TOLD: Final = 100
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})

_TRANSIENT: Final = frozenset(
    {
        "fatal_error",
        "internal_error",
        "ratelimited",
        "rate_limited",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)
"""What may be otherwise another time (https://docs.slack.dev/reference/methods/chat.postMessage)."""

_LITERAL: Final = {"parse": "none", "link_names": False, "mrkdwn": False}
"""Nothing in a text is looked for that might be a name or a link."""

_WITHOUT_PREVIEWS: Final = {"unfurl_links": False, "unfurl_media": False}


@dataclass(frozen=True, slots=True)
class Place:
    """Say where a message stands; a webhook does not tell, so both are "" then."""

    channel: str
    ts: str


class Slack(Protocol):
    """Write to Slack; every call raises ``RetryableError`` or ``PermanentError`` where it fails."""

    @property
    def threads(self) -> bool:
        """Whether there are replies and edits."""
        ...

    def post(self, message: Message, *, thread: Place | None = None) -> Place:
        """Post a message, or a reply."""
        ...

    def edit(self, place: Place, message: Message) -> None:
        """Put a message in the place of another."""
        ...


def connect(settings: Settings) -> Slack:
    """Return the way to Slack that the settings open.

    Raises:
        PermanentError: They open none, or one over which a secret could be overheard.
    """
    token = settings.slack_token.get_secret_value()
    webhook = settings.slack_webhook_url.get_secret_value()
    if token:
        if not settings.slack_channel:
            raise PermanentError("MYSTAGE_SLACK_TOKEN is set and MYSTAGE_SLACK_CHANNEL is not")
        if not (token.isascii() and token.isprintable() and " " not in token):
            raise PermanentError("MYSTAGE_SLACK_TOKEN is no token: it has blanks or ends of lines")
        _check_address(settings.slack_api, "MYSTAGE_SLACK_API")
        return Bot(settings.slack_api.rstrip("/"), settings.slack_channel, token, settings)
    if webhook:
        _check_address(webhook, "MYSTAGE_SLACK_WEBHOOK_URL")
        return IncomingWebhook(webhook, settings)
    raise PermanentError(
        "Slack is not set up: set MYSTAGE_SLACK_TOKEN and MYSTAGE_SLACK_CHANNEL, or"
        " MYSTAGE_SLACK_WEBHOOK_URL, then retry this task"
    )


@dataclass(frozen=True, slots=True)
class Bot:
    """Write with a bot's token (https://docs.slack.dev/reference/methods/chat.postMessage)."""

    api: str
    channel: str
    token: str = field(repr=False)
    settings: Settings = field(repr=False)
    threads: bool = True

    def post(self, message: Message, *, thread: Place | None = None) -> Place:
        """Post a message, or a reply.

        Raises:
            RetryableError: Slack may take it another time.
            PermanentError: It will not.
        """
        where = {"channel": thread.channel if thread else self.channel}
        if thread:
            where["thread_ts"] = thread.ts
        told = self._call("chat.postMessage", where | _WITHOUT_PREVIEWS | _write(message))
        channel, ts = told.get("channel"), told.get("ts")
        if not (isinstance(channel, str) and isinstance(ts, str) and channel and ts):
            raise PermanentError("chat.postMessage of Slack answered ok and not where it posted")
        return Place(channel, ts)

    def edit(self, place: Place, message: Message) -> None:
        """Put a message in the place of another.

        Raises:
            RetryableError: Slack may take it another time.
            PermanentError: It will not.
        """
        self._call("chat.update", {"channel": place.channel, "ts": place.ts} | _write(message))

    def _call(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        what = f"{method} of Slack"
        answer = _send(what, f"{self.api}/{method}", body, self.settings, token=self.token)
        try:
            told = json.loads(answer)
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise RetryableError(f"{what} answered something else than a JSON object")
        if told.get("ok") is True:
            return told
        error = on_one_line(str(told.get("error")))[:_MAX_TOLD]
        if error in _TRANSIENT:
            raise RetryableError(f"{what} answered {error}")
        raise PermanentError(
            f"{what} answered {error}: see https://docs.slack.dev/reference/methods/{method}#errors,"
            " mend it, then retry this task"
        )


@dataclass(frozen=True, slots=True)
class IncomingWebhook:
    """Write by a webhook, which can post and nothing else.

    https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    """

    url: str = field(repr=False)
    settings: Settings = field(repr=False)
    threads: bool = False

    def post(self, message: Message, *, thread: Place | None = None) -> Place:  # noqa: ARG002 - it has none
        """Post a message.

        Raises:
            RetryableError: Slack may take it another time.
            PermanentError: It will not.
        """
        body = _write(message) | _WITHOUT_PREVIEWS
        _send("the incoming webhook of Slack", self.url, body, self.settings)
        return Place("", "")

    def edit(self, place: Place, message: Message) -> None:  # noqa: ARG002 - it cannot
        """Refuse.

        Raises:
            PermanentError: Always.
        """
        raise PermanentError("an incoming webhook of Slack edits nothing")


class _Authorization(requests.auth.AuthBase):
    """Name the bot; as an authentication, so that no .netrc of the machine takes its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _write(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": message.blocks} | _LITERAL


def _check_address(url: str, name: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)):
        raise PermanentError(f"{name} has to be an https URL, or one of this machine")


def _send(
    what: str, url: str, body: dict[str, Any], settings: Settings, *, token: str = ""
) -> bytes:
    """Post a body once, and return what was answered with 200.

    What the libraries raise holds the URL, which may be a secret, so none of it is passed on.

    Raises:
        RetryableError: There was no answer, or one that asks to come again.
        PermanentError: The answer is no.
    """
    failure: RetryableError | PermanentError
    try:
        with requests.Session() as session:
            # A stand-in on this machine is not behind the environment's proxy.
            session.trust_env = urlsplit(url).hostname not in _LOOPBACK
            with session.post(
                url,
                json=body,
                auth=_Authorization(token),
                timeout=(_CONNECT_SECONDS, settings.slack_timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                answer = _read(response)
    except requests.Timeout:
        failure = RetryableError(f"{what} did not answer within {settings.slack_timeout:g} s")
    except ValueError as error:
        failure = PermanentError(f"{what} cannot be called as it is set up: {_name(error)}")
    except (OSError, HTTPError) as error:
        failure = RetryableError(f"{what} cannot be reached: {_name(error)}")
    else:
        if response.status_code == HTTPStatus.OK:
            return answer
        failure = _judge(what, response, answer)
    raise failure


def _read(response: requests.Response) -> bytes:
    answer = bytearray()
    for chunk in response.iter_content(_MAX_ANSWER):
        answer += chunk
        if len(answer) > _MAX_ANSWER:
            break
    return bytes(answer[:_MAX_ANSWER])


def _name(error: Exception) -> str:
    """Say what went wrong without the error's own words, which may repeat an URL or a header."""
    return type(error).__name__


def _judge(
    what: str, response: requests.Response, answer: bytes
) -> RetryableError | PermanentError:
    status = response.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        seconds = parse_retry_after(response.headers.get("Retry-After"))
        after = None if seconds is None else min(timedelta(seconds=min(seconds, 1e9)), _MAX_PAUSE)
        return RetryableError(f"{what} answered {status}", after=after)
    told = on_one_line(answer.decode(errors="replace"))[:_MAX_TOLD]
    return PermanentError(f"{what} answered {status}: {told}")
