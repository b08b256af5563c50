"""Text from outside on a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from telemetry.terminal import clean, on_one_line


def test_what_steers_a_terminal_is_shown_and_ends_of_lines_stay() -> None:
    assert "\\x1b[31mred\\x07\\x9b\n\tend" == clean("\x1b[31mred\x07\x9b\n\tend")


def test_what_turns_the_direction_is_shown() -> None:
    assert "\\x202eevil\\x2066" == clean("\u202eevil\u2066")


@given(st.text())
def test_a_text_on_one_line_is_on_one_line(text: str) -> None:
    assert 1 >= len(on_one_line(text).splitlines())
