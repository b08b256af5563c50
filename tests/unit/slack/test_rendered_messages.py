"""Messages as HTML: readable, and harmless whatever is in them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from telemetry.slack.blocks import render_message, render_mrkdwn
from telemetry.slack.inbox import Message

ELEMENTS = {
    "a",
    "blockquote",
    "br",
    "code",
    "div",
    "em",
    "hr",
    "li",
    "pre",
    "s",
    "span",
    "strong",
    "time",
    "ul",
}
ATTRIBUTES = {"class", "href", "rel"}

HOSTILE = [
    "<script>alert(1)</script>",
    "</div><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "<javascript:alert(1)|click>",
    "<JaVaScRiPt:alert(1)>",
    "< javascript:alert(1)|click>",
    "<java\tscript:alert(1)|click>",
    "<data:text/html,<script>alert(1)</script>|x>",
    '<https://a.example/"onmouseover="alert(1)|x>',
    "<https://a.example/'onmouseover='alert(1)|x>",
    "<https:\\\\evil.example|x>",
    "<//evil.example|x>",
    "<https://[|x>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62; &amp;lt;b&amp;gt;",
    "```<script>``` `<b>` *<i>* _<u>_ ~<s>~",
    "<!channel|<b>> <@U1|<script>> <!date^1^{x}|<script>>",
    "{{ 7 * 7 }} {% raw %} {0} {}",
    "\x00\u202e\ufeff\u2028",
]


def make(text: str = "", blocks: Any = (), attachments: Any = ()) -> Message:
    return Message(
        channel="C1",
        ts="1.000001",
        thread_ts=None,
        text=text,
        blocks=blocks,
        attachments=attachments,
        source="api",
        received_at=datetime(2026, 3, 1, tzinfo=UTC),
    )


def check_harmless(rendered: str) -> None:
    """Hold a page's part to the few elements and attributes there may be."""
    tree = html.fragment_fromstring(rendered, create_parent="main")
    for element in tree.iterdescendants():
        assert element.tag in ELEMENTS, rendered
        assert set(element.attrib) <= ATTRIBUTES, rendered
        href = element.get("href")
        assert href is None or href.startswith(("http://", "https://")), rendered


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a *bold* word", "a <strong>bold</strong> word"),
        ("_italic_ ~gone~", "<em>italic</em> <s>gone</s>"),
        ("*bold _and italic_*", "<strong>bold <em>and italic</em></strong>"),
        ("2*3*4 snake_case_name * a *", "2*3*4 snake_case_name * a *"),
        ("`*code* &lt;`", "<code>*code* &lt;</code>"),
        ("```\na\n *b*\n```", '<pre class="slack-code">a\n *b*</pre>'),
        ("one\ntwo", "one<br>two"),
        ("a &amp; b &lt; c &amp;lt;", "a &amp; b &lt; c &amp;lt;"),
        (
            "<https://a.example/?a=1&amp;b=2|Alert>",
            '<a href="https://a.example/?a=1&amp;b=2" rel="noopener noreferrer nofollow">Alert</a>',
        ),
        (
            "<http://a.example>",
            '<a href="http://a.example" rel="noopener noreferrer nofollow">http://a.example</a>',
        ),
        ("<ftp://a.example|x>", "&lt;ftp://a.example|x&gt;"),
        ("<!channel>", '<span class="slack-mention">@channel</span>'),
        ("<#C1|general>", '<span class="slack-mention">@general</span>'),
        ("<!date^1772366400^{date}|noon>", "<time>noon</time>"),
        ("https://a.example", "https://a.example"),
    ],
)
def test_mrkdwn(text: str, shown: str) -> None:
    assert shown == render_mrkdwn(text)


def test_the_blocks_of_a_message() -> None:
    code = {
        "type": "rich_text_preformatted",
        "elements": [{"type": "text", "text": "a < b\n  *c*"}],
    }
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Fire *now* &amp; here"}},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "*Since*"},
            "fields": [
                {"type": "mrkdwn", "text": "_noon_"},
                {"type": "plain_text", "text": "a\nb"},
            ],
        },
        {"type": "divider"},
        {"type": "rich_text", "elements": [code]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "1 of 2"}]},
        {"type": "video"},
    ]

    assert (
        '<div class="slack-header">Fire *now* &amp; here</div>'
        '<div class="slack-section"><strong>Since</strong></div>'
        '<ul class="slack-fields"><li><em>noon</em></li><li>a<br>b</li></ul>'
        "<hr>"
        '<pre class="slack-code">a &lt; b\n  *c*</pre>'
        '<div class="slack-context">1 of 2</div>'
        '<div class="slack-unknown">a block of type video</div>'
    ) == render_message(make("left out", blocks))


def test_a_message_without_blocks_is_its_text_and_its_attachments() -> None:
    attachment = {
        "title": "Alert",
        "title_link": "https://a.example/",
        "text": "*fires*",
        "fields": [{"title": "Rows", "value": "3"}],
    }

    assert (
        '<div class="slack-section">hello</div><div class="slack-attachment">'
        '<div class="slack-header">'
        '<a href="https://a.example/" rel="noopener noreferrer nofollow">Alert</a></div>'
        '<div class="slack-section"><strong>fires</strong></div>'
        '<div class="slack-section"><strong>Rows</strong> 3</div></div>'
    ) == render_message(make("hello", attachments=(attachment,)))


def everywhere(text: str) -> Message:
    """Return a message that has a text wherever there may be one."""
    plain = {"type": "plain_text", "text": text}
    marked = {"type": "mrkdwn", "text": text}
    styles: list[Any] = [None, {"code": True}, {"bold": True}, {"italic": True}, text]
    words = [{"type": "text", "text": text, "style": style} for style in styles]
    link = {"type": "link", "url": text, "text": text}
    parts = ["rich_text_preformatted", "rich_text_section", "rich_text_quote", text]
    blocks = [
        {"type": "header", "text": plain},
        {"type": "section", "text": marked, "fields": [marked, plain]},
        {"type": "context", "elements": [marked, plain, {"type": "image", "image_url": text}]},
        {"type": "rich_text", "elements": [{"type": p, "elements": [*words, link]} for p in parts]},
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_list", "elements": [{"elements": [*words, link]}]}],
        },
        {"type": text, "text": marked},
    ]
    attachment = {
        "title": text,
        "title_link": text,
        "text": text,
        "color": text,
        "fallback": text,
        "blocks": blocks,
        "fields": [{"title": text, "value": text}],
    }
    return make(text, blocks, (attachment, {"fallback": text}))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_and_nothing_else(text: str) -> None:
    message = everywhere(text)

    check_harmless(render_message(message))
    check_harmless(render_message(make(text)))


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    *HOSTILE,
                    "<",
                    ">",
                    "|",
                    "&lt;",
                    "*",
                    "_",
                    "~",
                    "`",
                    "```",
                    "https://a.example",
                    "\n",
                ]
            ),
            st.text(max_size=5),
        ),
        max_size=30,
    ).map("".join)
)
def test_any_text_is_harmless(text: str) -> None:
    check_harmless(render_message(everywhere(text)))


_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(HOSTILE)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["type", "text", "elements", "fields", "style", "url", "title", "blocks", "value"]
            ),
            st.one_of(
                inner, st.sampled_from(["section", "rich_text", "header", "context", "mrkdwn"])
            ),
            max_size=5,
        ),
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.lists(_VALUES, max_size=5), st.lists(_VALUES, max_size=3))
def test_any_blocks_are_harmless(blocks: list[Any], attachments: list[Any]) -> None:
    check_harmless(render_message(make("a", tuple(blocks), tuple(attachments))))


@pytest.mark.parametrize("piece", ["*", "_a", "`", "```", "<", "<a|", "~ ", "&lt", "*_~`", "\n*"])
def test_long_texts_take_no_longer_than_their_length(piece: str) -> None:
    text = piece * (40_000 // len(piece))

    rendered = render_mrkdwn(text)  # a quadratic search would run into pytest's timeout

    check_harmless(rendered)
