"""The calls that Slack takes, answered as Slack does.

Incoming webhooks (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks),
``chat.postMessage`` and ``chat.update`` (https://docs.slack.dev/reference/methods). Any token is
let in. A browser that another site leads here is not.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from telemetry.console.protection import SameOrigin
from telemetry.serving import HOST
from telemetry.slack.limits import find_fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from telemetry.slack.inbox import Inbox, Message

PREFIX: Final = "/slack"
WEBHOOK_CHANNEL: Final = "incoming-webhook"
"""Where messages of webhooks stand that name no channel: a real one's is chosen in Slack."""

_MAX_BODY: Final = 1024 * 1024
_MAX_CHANNEL: Final = 80
_BEARER: Final = "bearer "
_FORM: Final = "application/x-www-form-urlencoded"
_MAX_FIELDS: Final = 50


class _Refused(Exception):  # noqa: N818 - a signal within this module
    """Carry Slack's word for what is wrong with a call."""

    def __init__(self, error: str, told: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.told = told


class _TooLong(Exception):  # noqa: N818 - a signal within this module
    """Say that a body is longer than any message."""


def slack_routes(inbox: Inbox) -> list[Route]:
    """Return what stands in for Slack: its API under ``/slack/api``, webhooks beside it.

    Args:
        inbox: Where messages are kept.
    """
    middleware = [
        Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"]),
        Middleware(SameOrigin),
    ]

    async def take_webhook(request: Request) -> Response:
        try:
            content = _parse(await _read(request), request.headers.get("content-type", ""))
            _check(content)
        except _Refused as refused:
            known = refused.error in {"no_text", "invalid_blocks"}
            return PlainTextResponse(refused.error if known else "invalid_payload", 400)
        channel = _channel(content) or WEBHOOK_CHANNEL
        await run_in_threadpool(inbox.add, channel, content, source="webhook")
        return PlainTextResponse("ok")

    async def post_message(content: dict[str, Any]) -> dict[str, Any]:
        thread_ts = content.get("thread_ts")
        message = await run_in_threadpool(
            inbox.add,
            _named_channel(content),
            content,
            source="api",
            thread_ts=None if thread_ts is None else str(thread_ts),
        )
        if message is None:
            raise _Refused("thread_not_found")
        return _answer(message)

    async def update(content: dict[str, Any]) -> dict[str, Any]:
        ts = str(content.get("ts", ""))
        message = await run_in_threadpool(inbox.edit, _named_channel(content), ts, content)
        if message is None:
            raise _Refused("message_not_found")
        return _answer(message)

    return [
        Route(
            f"{PREFIX}/services/{{path:path}}",
            _bounded(take_webhook),
            methods=["POST"],
            middleware=middleware,
        ),
        *(
            Route(
                f"{PREFIX}/api/{method}",
                _bounded(_serve_method(call)),
                methods=["POST"],
                middleware=middleware,
            )
            for method, call in (("chat.postMessage", post_message), ("chat.update", update))
        ),
    ]


def _serve_method(
    call: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]],
) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        try:
            content = _parse(await _read(request), request.headers.get("content-type", ""))
            _check_token(request, content)
            _check(content)
            return JSONResponse({"ok": True, **await call(content)})
        except _Refused as refused:
            answer: dict[str, Any] = {"ok": False, "error": refused.error}
            if refused.told:
                answer["response_metadata"] = {"messages": [f"[ERROR] {refused.told}"]}
            return JSONResponse(answer)

    return serve


def _bounded(
    serve: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await serve(request)
        except _TooLong:
            return PlainTextResponse(f"a body has at most {_MAX_BODY} bytes", 413)
        except ClientDisconnect:
            return PlainTextResponse("the body ended before its end", 400)  # nobody reads it

    return answer


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise _TooLong
    return bytes(body)


def _parse(body: bytes, content_type: str) -> dict[str, Any]:
    """Return what a body says: an object of JSON, or a form."""
    if content_type.partition(";")[0].strip().lower() != _FORM:
        return _load_object(body)
    try:
        form = dict(parse_qsl(body.decode(), max_num_fields=_MAX_FIELDS))
    except ValueError as error:
        raise _Refused("invalid_form_data") from error
    if "payload" in form:  # the older way of webhooks
        return _load_object(form["payload"])
    content: dict[str, Any] = dict(form)
    for name in ("blocks", "attachments"):
        if name in content:
            content[name] = _load(content[name], f"invalid_{name}")
    return content


def _load_object(text: str | bytes) -> dict[str, Any]:
    content = _load(text, "invalid_json")
    if not isinstance(content, dict):
        raise _Refused("json_not_object")
    return cast("dict[str, Any]", content)


def _load(text: str | bytes, error: str) -> object:
    try:
        value = json.loads(text)
        # Half characters and numbers that are none could be neither kept nor answered.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise _Refused(error) from None
    return value


def _check(content: dict[str, Any]) -> None:
    if (fault := find_fault(content)) is not None:
        raise _Refused(*fault)


def _check_token(request: Request, content: dict[str, Any]) -> None:
    header = request.headers.get("authorization", "")
    is_bearer = header[: len(_BEARER)].lower() == _BEARER
    if not (header[len(_BEARER) :].strip() if is_bearer else content.get("token")):
        raise _Refused("not_authed")


def _channel(content: dict[str, Any]) -> str:
    channel = content.get("channel")
    return channel[:_MAX_CHANNEL] if isinstance(channel, str) else ""


def _named_channel(content: dict[str, Any]) -> str:
    if not (channel := _channel(content)):
        raise _Refused("channel_not_found")
    return channel


def _answer(message: Message) -> dict[str, Any]:
    content = {
        "text": message.text,
        "blocks": message.blocks,
        "attachments": message.attachments,
        "ts": message.ts,
    }
    if message.thread_ts is not None:
        content["thread_ts"] = message.thread_ts
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": content}
