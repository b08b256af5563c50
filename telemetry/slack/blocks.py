"""Messages as HTML: the part of Block Kit and mrkdwn that alerts are written in.

A message is a stranger's. Whatever is in it becomes text, but for a few elements of our own without
style or script; a link leads to http or https.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from telemetry.slack.inbox import Message

_MAX_NESTING: Final = 4
_EMPTY: Final = Markup()

# A mark begins and ends a stretch, is at no letter outside of it, and at no blank inside.
_STRETCH: Final = (
    r"(?<![\w{0}])[{0}](?=[^\s\u200b{0}])(?P<{1}>[^{0}\n]+)(?<=[^\s\u200b])[{0}](?![\w{0}])"
)
_TOKEN: Final = re.compile(
    r"```(?P<block>.+?)```|`(?P<code>[^`\n]+)`|<(?P<angle>[^<>\n]+)>|(?P<end>\n)|"
    + "|".join(
        _STRETCH.format(re.escape(mark), name)
        for mark, name in (("*", "strong"), ("_", "em"), ("~", "s"))
    ),
    re.DOTALL,
)
_MARKS: Final = {
    "strong": Markup("<strong>{}</strong>"),
    "em": Markup("<em>{}</em>"),
    "s": Markup("<s>{}</s>"),
}
_ENTITY: Final = re.compile(r"&(?:amp|lt|gt);")
_MENTION: Final = re.compile(r"!(?:here|channel|everyone)|[@#][A-Z0-9]+|!subteam\^[A-Z0-9]+")
_DATE: Final = re.compile(r"!date\^\d{1,12}\^")
_LINK: Final = Markup('<a href="{}" rel="noopener noreferrer nofollow">{}</a>')


def render_message(message: Message) -> Markup:
    """Return a message as HTML, without its replies.

    Its parts have the classes ``slack-header``, ``slack-section``, ``slack-fields``,
    ``slack-context``, ``slack-code``, ``slack-attachment``, ``slack-mention`` and
    ``slack-unknown``. Blocks stand in the place of the text, as in Slack.
    """
    body = _render_blocks(message.blocks) or _paragraph(
        "slack-section", render_mrkdwn(message.text)
    )
    attachments = [_render_attachment(each) for each in message.attachments]
    return body + _EMPTY.join(attachments)


def render_mrkdwn(text: str, *, nesting: int = 0) -> Markup:
    """Return mrkdwn as HTML (https://docs.slack.dev/messaging/formatting-message-text)."""
    pieces: list[Markup] = []
    position = 0
    for match in _TOKEN.finditer(text):
        pieces.append(_show(text[position : match.start()]))
        pieces.append(_render_token(match, nesting))
        position = match.end()
    pieces.append(_show(text[position:]))
    return _EMPTY.join(pieces)


def _render_token(match: re.Match[str], nesting: int) -> Markup:
    kind = str(match.lastgroup)
    inner = match[kind]
    match kind:
        case "end":
            return Markup("<br>")
        case "block":
            return _code(_decode(inner))
        case "code":
            return Markup("<code>{}</code>").format(_decode(inner))
        case "angle":
            return _render_angle(inner)
    if nesting >= _MAX_NESTING:
        return _show(match[0])
    return _MARKS[kind].format(render_mrkdwn(inner, nesting=nesting + 1))


def _render_angle(inner: str) -> Markup:
    """Render what stands between angle brackets: a link, a mention or a time."""
    target, bar, label = inner.partition("|")
    if _DATE.match(target) and bar:
        return Markup("<time>{}</time>").format(_decode(label))
    if _MENTION.fullmatch(target):
        name = label if bar else target.lstrip("!@#")
        return Markup('<span class="slack-mention">@{}</span>').format(_decode(name))
    return _link(_decode(target), _decode(label) if bar else "") or _show(f"<{inner}>")


def _link(url: object, label: object) -> Markup | None:
    """Return a link; None for what leads elsewhere than to the web."""
    if not isinstance(url, str) or not is_web_address(url):
        return None
    return _LINK.format(url, label if isinstance(label, str) and label.strip() else url)


def is_web_address(url: str) -> bool:
    """Tell whether a URL leads to http or https, and no browser could read it otherwise."""
    if not url.isprintable() or any(each.isspace() or each == "\\" for each in url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def _render_blocks(blocks: object) -> Markup:
    if not isinstance(blocks, list | tuple):
        return _EMPTY
    return _EMPTY.join(_render_block(block) for block in blocks)


def _render_block(block: object) -> Markup:
    if not isinstance(block, dict):
        return _EMPTY
    kind = block.get("type")
    render = _BLOCKS.get(kind) if isinstance(kind, str) else None
    if render is None:
        return _paragraph("slack-unknown", escape(f"a block of type {str(kind)[:60]}"))
    return render(block)


def _render_header(block: Mapping[str, Any]) -> Markup:
    return _paragraph("slack-header", _render_text(block.get("text")))


def _render_section(block: Mapping[str, Any]) -> Markup:
    rendered = _paragraph("slack-section", _render_text(block.get("text")))
    if fields := _texts(block.get("fields")):
        items = _EMPTY.join(Markup("<li>{}</li>").format(each) for each in fields)
        rendered += Markup('<ul class="slack-fields">{}</ul>').format(items)
    return rendered


def _render_context(block: Mapping[str, Any]) -> Markup:
    return _paragraph("slack-context", Markup(" ").join(_texts(block.get("elements"))))


def _render_divider(_block: Mapping[str, Any]) -> Markup:
    return Markup("<hr>")


def _render_rich_text(block: Mapping[str, Any]) -> Markup:
    return _EMPTY.join(_render_rich_part(each) for each in _objects(block.get("elements")))


def _render_rich_part(part: Mapping[str, Any]) -> Markup:
    elements = _objects(part.get("elements"))
    match part.get("type"):
        case "rich_text_preformatted":
            return _code("".join(str(each.get("text", "")) for each in elements))
        case "rich_text_section":
            return _paragraph("slack-section", _EMPTY.join(map(_render_rich_element, elements)))
        case "rich_text_quote":
            return Markup("<blockquote>{}</blockquote>").format(
                _EMPTY.join(map(_render_rich_element, elements))
            )
        case "rich_text_list":
            items = _EMPTY.join(
                Markup("<li>{}</li>").format(
                    _EMPTY.join(map(_render_rich_element, _objects(each.get("elements"))))
                )
                for each in elements
            )
            return Markup("<ul>{}</ul>").format(items)
    return _EMPTY


def _render_rich_element(element: Mapping[str, Any]) -> Markup:
    text = str(element.get("text", ""))
    if element.get("type") == "link":
        return _link(element.get("url"), text) or escape(text or str(element.get("url", "")))
    style = element.get("style")
    if isinstance(style, dict):
        if style.get("code"):
            return Markup("<code>{}</code>").format(text)
        if style.get("bold"):
            return Markup("<strong>{}</strong>").format(text)
        if style.get("italic"):
            return Markup("<em>{}</em>").format(text)
    return escape(text)


def _render_attachment(attachment: object) -> Markup:
    if not isinstance(attachment, dict):
        return _EMPTY
    title = escape(str(attachment.get("title") or ""))
    link = _link(attachment.get("title_link"), attachment.get("title"))
    parts = [
        _paragraph("slack-header", link or title),
        _paragraph("slack-section", render_mrkdwn(str(attachment.get("text") or ""))),
        _render_blocks(attachment.get("blocks")),
    ]
    for field in _objects(attachment.get("fields")):
        name = Markup("<strong>{}</strong> ").format(str(field.get("title") or ""))
        parts.append(
            _paragraph("slack-section", name + render_mrkdwn(str(field.get("value") or "")))
        )
    content = _EMPTY.join(parts) or escape(str(attachment.get("fallback") or ""))
    return Markup('<div class="slack-attachment">{}</div>').format(content)


_BLOCKS: Final[Mapping[str, Callable[[Mapping[str, Any]], Markup]]] = {
    "header": _render_header,
    "section": _render_section,
    "context": _render_context,
    "divider": _render_divider,
    "rich_text": _render_rich_text,
}


def _texts(values: object) -> list[Markup]:
    return [_render_text(each) for each in _objects(values)]


def _render_text(value: object) -> Markup:
    """Render a text object."""
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        return _EMPTY
    if value.get("type") == "mrkdwn":
        return render_mrkdwn(value["text"])
    return Markup("<br>").join(_show(line) for line in value["text"].split("\n"))


def _objects(values: object) -> list[dict[str, Any]]:
    return [each for each in values if isinstance(each, dict)] if isinstance(values, list) else []


def _paragraph(name: str, content: Markup) -> Markup:
    return Markup('<div class="{}">{}</div>').format(name, content) if content else _EMPTY


def _code(text: str) -> Markup:
    return Markup('<pre class="slack-code">{}</pre>').format(text.strip("\n"))


def _show(text: str) -> Markup:
    return escape(_decode(text))


def _decode(text: str) -> str:
    """Return a text with the three characters that Slack has escaped."""
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text)
