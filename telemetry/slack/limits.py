"""What Slack refuses of a message: the limits that people run into.

https://docs.slack.dev/reference/block-kit/blocks and
https://docs.slack.dev/reference/methods/chat.postMessage#truncating
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_BLOCKS: Final = 50
MAX_TEXT: Final = 3_000
MAX_FIELDS: Final = 10
MAX_FIELD: Final = 2_000
MAX_HEADER: Final = 150
MAX_ELEMENTS: Final = 10
_MAX_MESSAGE: Final = 40_000

_TEXTS: Final = frozenset({"mrkdwn", "plain_text"})


def measure(text: str) -> int:
    """Return how many characters Slack counts at most.

    It does not say what it counts as one; JavaScript, and much that speaks to Slack, counts two for
    a character beyond the first 65,536, so what fits by this fits anyway.
    """
    return len(text) + sum(character > "\uffff" for character in text)


def find_fault(content: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return Slack's word for what is wrong with a message, and where; None where nothing is."""
    return next(_find_faults(content), None)


def _find_faults(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    text, blocks, attachments = (content.get(name) for name in ("text", "blocks", "attachments"))
    if not (text or blocks or attachments):
        yield "no_text", "there is no text, and there are no blocks"
    if not isinstance(text or "", str) or not isinstance(attachments or [], list):
        yield "invalid_arguments", "text is a string, attachments are a list"
    if text and measure(text) > _MAX_MESSAGE:
        yield "msg_too_long", f"text has more than {_MAX_MESSAGE} characters"
    if not isinstance(blocks or [], list):
        yield "invalid_blocks", "blocks are a list"
    if len(blocks or ()) > MAX_BLOCKS:
        yield "invalid_blocks", f"there are more than {MAX_BLOCKS} blocks"
    for position, block in enumerate(blocks or ()):
        for fault in _find_block_faults(block):
            yield "invalid_blocks", f"blocks[{position}]: {fault}"


def _find_block_faults(block: object) -> Iterator[str]:
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(block, dict) or not isinstance(kind, str):
        yield "a block is an object with a type"
        return
    if kind == "header":
        if not _is_text(block.get("text"), MAX_HEADER, kinds=frozenset({"plain_text"})):
            yield f"text is a plain_text of 1 to {MAX_HEADER} characters"
    elif kind == "section":
        yield from _find_section_faults(block)
    elif kind == "context":
        elements = block.get("elements")
        if not isinstance(elements, list) or not 1 <= len(elements) <= MAX_ELEMENTS:
            yield f"elements are 1 to {MAX_ELEMENTS}"
    elif kind == "rich_text" and not isinstance(block.get("elements"), list):
        yield "elements are a list"


def _find_section_faults(block: Mapping[str, Any]) -> Iterator[str]:
    text, fields = block.get("text"), block.get("fields")
    if text is None and fields is None:
        yield "a section has text or fields"
    if text is not None and not _is_text(text, MAX_TEXT):
        yield f"text is a text object of 1 to {MAX_TEXT} characters"
    if fields is None:
        return
    if not isinstance(fields, list) or not 1 <= len(fields) <= MAX_FIELDS:
        yield f"fields are 1 to {MAX_FIELDS}"
    elif not all(_is_text(field, MAX_FIELD) for field in fields):
        yield f"a field is a text object of 1 to {MAX_FIELD} characters"


def _is_text(value: object, limit: int, *, kinds: frozenset[str] = _TEXTS) -> bool:
    if not isinstance(value, dict) or value.get("type") not in kinds:
        return False
    text = value.get("text")
    return isinstance(text, str) and 1 <= measure(text) <= limit
