from __future__ import annotations

import pytest

from telemetry.sync.fingerprints import contradicts, has_fingerprint, take_fingerprint
from telemetry.sync.state import Managed, State, compile_state, read_state

HOOK = "https://hooks.example.com/services/T000/secret"


def test_a_fingerprint_tells_its_secret_from_another() -> None:
    fingerprint = take_fingerprint(HOOK)
    assert [True, False] == [has_fingerprint(each, fingerprint) for each in (HOOK, HOOK + "x")]


def test_two_fingerprints_of_one_secret_differ() -> None:
    assert take_fingerprint(HOOK) != take_fingerprint(HOOK)


@pytest.mark.parametrize("fingerprint", ["", "scrypt", "scrypt:!:x", "md5:YQ==:YQ==", "é:ü:ö"])
def test_what_is_no_fingerprint_is_nobodys(fingerprint: str) -> None:
    assert not has_fingerprint(HOOK, fingerprint)


@pytest.mark.parametrize(
    ("masked", "secret", "contradicted"),
    [
        ("https://hooks.example.com/**********", HOOK, False),
        ("https://HOOKS.example.com/**********", HOOK, False),
        ("https://elsewhere.example.com/**********", HOOK, True),
        ("**********", "abcdefghijkl", False),
        ("**********ijkl", "abcdefghijkl", False),
        ("**********mnop", "abcdefghijkl", True),
        ("abcdefghijkl", "abcdefghijkl", False),
        ("another", "abcdefghijkl", True),
    ],
)
def test_what_a_mask_shows_can_contradict(masked: str, secret: str, contradicted: bool) -> None:  # noqa: FBT001
    assert contradicted == contradicts(masked, secret)


def test_a_state_survives_its_dashboard() -> None:
    state = State(
        {"on call": Managed("c1", take_fingerprint(HOOK)), "a|`\n```": Managed("c2")},
        {"office hours": Managed("s1")},
    )
    assert state == read_state(compile_state(state))
    assert HOOK not in str(compile_state(state))


@pytest.mark.parametrize(
    "definition", [None, [], {}, {"spec": 1}, {"spec": {"panels": {"Managed": 1}}}]
)
def test_of_a_state_that_cannot_be_read_nothing_is_known(definition: object) -> None:
    assert State() == read_state(definition)
