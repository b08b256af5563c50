"""Definitions in an emulator, whose notifications stay on this machine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from telemetry.configuration import ANY_TOKEN
from telemetry.sync.apply import Applier
from telemetry.sync.instance import Instance
from telemetry.sync.plan import make_plan
from telemetry.sync.remote import Reader, find_project
from telemetry.sync.targets import make_targets, read_secrets

if TYPE_CHECKING:
    from telemetry.definitions import Definitions
    from telemetry.sync.apply import Outcome
    from telemetry.sync.state import State
    from telemetry.sync.targets import Target

_RAW: Final = "raw-data"


def rehearse(
    definitions: Definitions, emulator: str, *, receiver: str, slack: str, token: str = ANY_TOKEN
) -> Outcome:
    """Bring an emulator to what definitions say, with addresses here in the place of secrets.

    Nothing that is tried out on this machine reaches the people on call, whatever the environment
    holds.

    Args:
        definitions: What it is to hold.
        emulator: Its URL.
        receiver: Where webhooks of raw data lead to.
        slack: Where webhooks in Slack's formats lead to; the channel's label is added as a path.
        token: What the emulator lets in.

    Raises:
        SyncError: Nothing of it could be done.
    """
    targets = make_targets(definitions)
    secrets = read_secrets(
        targets,
        {each.secret: _address(each, receiver, slack) for each in targets if each.secret},
    )
    with Instance(emulator, token, local=True).connect() as api:
        project = find_project(api, None)
        found = Reader(api, project, [each.key for each in targets]).read()
        remote = replace(found, state=_without_fingerprints(found.state))
        plan = make_plan(api.url, targets, remote, secrets)
        return Applier(api, remote, secrets).apply(plan)


def _without_fingerprints(state: State) -> State:
    """Return a state by which every secret is written.

    An emulator that was started again does not know where its channels lead, though that is the
    same as before.
    """
    channels = {label: replace(each, fingerprint="") for label, each in state.channels.items()}
    return replace(state, channels=channels)


def _address(target: Target, receiver: str, slack: str) -> str:
    config = target.body["config"]
    if config.get("format") == _RAW:
        return receiver
    return f"{slack}/{quote(target.identity, safe='')}"
