"""``mystage trace`` over telemetry that was sent: what of a trace it reads, and what it lists."""

from __future__ import annotations

import json
import secrets
from typing import Any

from click.testing import CliRunner
from sent_spans import Sent, send

from telemetry.cli.trace import trace
from telemetry.journeys import MOST_MATCHES


def follow(emulator: str, wanted: str, *options: str) -> dict[str, Any]:
    arguments = [wanted, "--url", emulator, "--json", *options]
    result = CliRunner().invoke(trace, arguments, standalone_mode=False)
    assert 0 == result.return_value, (result.exception, result.stderr)
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_the_beginning_of_an_item_is_told_though_it_is_older_than_asked_for(emulator: str) -> None:
    scrape = secrets.token_hex(16)
    began = Sent(id=1, name="began")
    went_on = Sent(id=2, parent=1, at=50, name="went on", attributes={"scrape_id": scrape})
    send(emulator, secrets.token_hex(16), [began, went_on])

    told = follow(emulator, scrape, "--last", "30s")

    assert ["began", "went on"] == [span["name"] for span in told["spans"]]


def test_as_many_traces_are_listed_as_on_the_page_and_that_there_are_more(emulator: str) -> None:
    source = secrets.token_hex(16)
    for _ in range(MOST_MATCHES + 1):
        send(emulator, secrets.token_hex(16), [Sent(id=1, attributes={"source_id": source})])

    told = follow(emulator, source)

    assert (MOST_MATCHES, True) == (len(told["traces"]), told["more_traces"])
