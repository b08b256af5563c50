"""Masking: a payload is shown without what looks like a secret, and otherwise as it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.runtime.failed_tasks.masking import MASK, mask_secrets, mask_text

SECRET = "s3cr3t-value-9f"
KEYS = (
    "token",
    "access_token",
    "refreshToken",
    "password",
    "PASSWD",
    "client_secret",
    "Authorization",
    "api_key",
    "apiKey",
    "X-Api-Key",
    "private_key",
    "Cookie",
    "credentials",
)


@pytest.mark.parametrize("key", KEYS)
def test_what_its_name_says_is_secret_is_masked_wherever_it_stands(key: str) -> None:
    payload = {"a": [{key: SECRET}], key: {"inner": SECRET}, "n": 1}

    assert {"a": [{key: MASK}], key: MASK, "n": 1} == mask_secrets(payload)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "text", ['{{"{0}": "{1}"}}', "{0}={1}", "https://a.example/?x=1&{0}={1}&y=2", "{0}: {1}"]
)
def test_so_it_is_in_a_text_such_as_a_body_that_is_no_json(key: str, text: str) -> None:
    said = text.format(key, SECRET)

    assert SECRET not in mask_secrets(said.encode())
    assert SECRET not in mask_text(f"it failed: {said}")


@pytest.mark.parametrize(
    "text",
    [
        f"https://user:{SECRET}@venue.example/",
        f"Authorization: Bearer {SECRET}",
        f"authorization: 'Basic {SECRET}'",
        "xoxb-123456789012-abcdefghij is a token of Slack",
        f'{{"password": "{SECRET}',
        f'{{"said": "{{\\"token\\": \\"{SECRET}\\"}}"}}',
        f'{{"password": "a\\"{SECRET}"}}',
    ],
)
def test_what_looks_like_a_secret_is_masked_without_a_name(text: str) -> None:
    shown = json.dumps(mask_secrets({"url": text}))

    assert SECRET not in shown
    assert "xoxb-123456789012" not in shown


@pytest.mark.parametrize("part", ["token", "x", "token=", 'token="', "a:", "\\", "token "])
def test_a_large_text_is_masked_in_time_that_rises_with_its_length(part: str) -> None:
    mask_text(part * (1_000_000 // len(part)))  # twice as slow a way would never end


def test_what_is_no_secret_stays_as_it_is() -> None:
    payload = {
        "source_id": "venues/7b1c",
        "url": "https://venue.example/calendar?page=2",
        "has_token": True,
        "password": "",
        "secret": None,
        "numbers": [1, 2.5, None],
        "ctx": {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
    }

    assert payload == mask_secrets(payload)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    )
)
def test_whatever_a_payload_is_it_can_be_shown(payload: object) -> None:
    json.dumps(mask_secrets(payload))
