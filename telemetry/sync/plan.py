"""What has to change for Logfire to hold what the definitions say."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from telemetry.errors import InvalidTarget
from telemetry.sync.canonical import MASK, canonical
from telemetry.sync.fingerprints import contradicts, has_fingerprint
from telemetry.sync.resources import RESOURCES, Key, Kind
from telemetry.sync.shapes import as_list, as_mapping
from telemetry.sync.targets import SECRETS, Target, secret_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from telemetry.sync.remote import Observed, Project, Remote

OTHER_SECRET: Final = "(another secret)"  # noqa: S105 - what is shown in the place of one
UNKNOWN_SECRET: Final = "(a secret that mystage has not set)"  # noqa: S105 - the same


class Change(StrEnum):
    """What is done to an object."""

    ADD = "add"
    CHANGE = "change"
    DESTROY = "destroy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Hold one step of a plan.

    Attributes:
        change: What is done.
        kind: The kind of the object.
        identity: Its slug, name or label.
        body: What it is to be, as in a target; empty where it is destroyed.
        before: What it is, for people; None where it is not there.
        seen: The digest of what was there; "" for nothing.
        adopts: Whether it was there, and not ours.
        sets_secret: Whether its secret is written.
        place: Where it is defined.
    """

    change: Change
    kind: Kind
    identity: str
    body: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] | None = None
    seen: str = ""
    adopts: bool = False
    sets_secret: bool = False
    place: str = ""

    @property
    def key(self) -> Key:
        """Kind and identity."""
        return self.kind, self.identity

    @property
    def after(self) -> dict[str, Any] | None:
        """What it will be, for people; None where it will not be there."""
        if self.change is Change.DESTROY:
            return None
        return make_view(canonical(self.kind, self.body), managed=True)

    @property
    def secret(self) -> str:
        """The environment variable of its secret; "" where none is written."""
        return secret_of(self.kind, self.body) if self.change is not Change.DESTROY else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Hold what is to be done, in order.

    Attributes:
        url: Of the API.
        project: Of the objects.
        actions: The steps.
        unchanged: How many objects are as they should be.
    """

    url: str
    project: Project
    actions: tuple[Action, ...]
    unchanged: int = 0

    @property
    def keeps_state(self) -> bool:
        """Whether the state dashboard has to be written with it."""
        return any(action.kind in (Kind.CHANNEL, Kind.SCHEDULE) for action in self.actions)

    def count(self, change: Change) -> int:
        """Return how many objects are changed like this."""
        return sum(action.change is change for action in self.actions)


def make_view(form: Mapping[str, Any], *, managed: bool) -> dict[str, Any]:
    """Return a canonical form with whose it is, as plans show and compare it."""
    return {**form, "managed_by": "mystage"} if managed else dict(form)


def make_plan(
    url: str, targets: Sequence[Target], remote: Remote, secrets: Mapping[str, str]
) -> Plan:
    """Return what has to change; the same targets and remote always give the same plan.

    Args:
        url: Of the API.
        targets: What is wanted.
        remote: What is there.
        secrets: The values of the secrets, by their variables; they only are compared.

    Raises:
        InvalidTarget: A target cannot be reached.
    """
    check_references(targets, remote)
    order = list(RESOURCES)
    actions = []
    for target in sorted(targets, key=lambda each: (order.index(each.kind), each.identity)):
        action = _plan_one(target, remote, secrets)
        if action is not None:
            actions.append(action)
    return Plan(
        url=url,
        project=remote.project,
        actions=tuple(actions),
        unchanged=len(targets) - len(actions),
    )


def check_references(targets: Sequence[Target], remote: Remote) -> None:
    """Check that each target is one object, and that whom it tells is or will be there.

    Raises:
        InvalidTarget: With every problem.
    """
    problems = [
        f"{target.place}: {remote.project.name} has several of the {target.kind.title}"
        f" {target.identity!r}. Delete or rename all but one"
        for target in targets
        if target.key in remote.ambiguous
    ]
    keys = {target.key for target in targets}
    for target in targets:
        for kind, label in find_references(target.body):
            if (kind, label) in remote.ambiguous:
                problems.append(
                    f"{target.place or target.identity}: there are several of the {kind.title}"
                    f" {label!r}, and none is mystage's. Delete or rename all but one"
                )
            elif (kind, label) not in keys and remote.find_id(kind, label) is None:
                problems.append(
                    f"{target.place or target.identity}: the {kind.title} {label!r} is neither"
                    " defined nor there"
                )
    if problems:
        raise InvalidTarget("\n".join(dict.fromkeys(problems)))


def find_references(body: Mapping[str, Any]) -> Iterator[Key]:
    """Give the channels and schedules that a body refers to by label."""
    assigned = as_list(body, "channel_assignments")
    for speed in as_mapping(body.get("alerts")).values():
        assigned += as_list(speed, "channel_assignments")
    for each in assigned:
        entry = as_mapping(each)
        if channel := entry.get("channel"):
            yield Kind.CHANNEL, channel
        if schedule := entry.get("schedule"):
            yield Kind.SCHEDULE, schedule


def _plan_one(target: Target, remote: Remote, secrets: Mapping[str, str]) -> Action | None:
    observed = remote.objects.get(target.key)
    if observed is None:
        return Action(
            change=Change.ADD,
            kind=target.kind,
            identity=target.identity,
            body=target.body,
            sets_secret=bool(target.secret),
            place=target.place,
        )
    before, sets_secret = compare_secret(target, observed, remote, secrets)
    after = make_view(target.canonical, managed=True)
    if before == after and not sets_secret:
        return None
    return Action(
        change=Change.CHANGE,
        kind=target.kind,
        identity=target.identity,
        body=target.body,
        before=before,
        seen=observed.seen,
        adopts=not observed.managed,
        sets_secret=sets_secret,
        place=target.place,
    )


def compare_secret(
    target: Target, observed: Observed, remote: Remote, secrets: Mapping[str, str]
) -> tuple[dict[str, Any], bool]:
    """Return the view of what is there, and whether its secret is another than the target's.

    In the view, in the place of the secret, is what can be told of it.
    """
    view = make_view(observed.canonical, managed=observed.managed)
    if not target.secret:
        return view, False
    wanted = as_mapping(target.body.get("config"))
    key = SECRETS[str(wanted.get("type"))]
    shown = as_mapping(observed.body.get("config")).get(key)
    if not isinstance(shown, str):
        return view, True  # it is of another type
    secret = secrets[target.secret]
    mine = remote.state.channels.get(target.identity)
    fingerprint = mine.fingerprint if mine is not None and mine.id == observed.id else ""
    known = "*" not in shown or bool(fingerprint)
    same = not contradicts(shown, secret) and (
        "*" not in shown or has_fingerprint(secret, fingerprint)
    )
    config = dict(view["config"])
    if config.get(key) == MASK:
        config[key] = wanted[key] if same else OTHER_SECRET if known else UNKNOWN_SECRET
    return {**view, "config": config}, not same
