"""Silencers that are wrong, have run out or silence nothing."""

from __future__ import annotations

from telemetry.lint.rule import Rule


class Silencer(Rule):
    """A silencer that is wrong, has run out, or silences nothing.

    A comment silences rules for the whole file it is in. It says why, and may say until when; past
    that day it silences nothing. What is found of silencers cannot be silenced.

    Anti-pattern::

        -- lint: ignore MS017

    Best practice::

        -- lint: ignore MS017 (forty stages at most) until 2027-01-31
    """

    code = "MS050"
    name = "lint.silencer"
