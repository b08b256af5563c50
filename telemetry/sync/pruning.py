"""Deleting what mystage wrote and no definition has any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from telemetry.errors import RequestRefused, StalePlan, SyncError
from telemetry.sync.api import NOT_FOUND
from telemetry.sync.apply import Failure, Outcome
from telemetry.sync.plan import Action, Change, Plan, make_view
from telemetry.sync.recording import Recorder
from telemetry.sync.remote import Observed, Project, Reader, Remote, list_objects
from telemetry.sync.resources import PROJECTS, RESOURCES, Key, Kind
from telemetry.sync.shapes import as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from telemetry.sync.api import Api
    from telemetry.sync.remote import Progress
    from telemetry.sync.targets import Target

_ORDER: Final = tuple(reversed(RESOURCES))
"""What refers to others goes first."""
_SHARED: Final = (Kind.CHANNEL, Kind.SCHEDULE)
"""What belongs to the organisation: other projects may use it."""


class Pruner:
    """Delete objects of a project that are ours and not defined.

    Args:
        api: Where.
        project: Of which.
    """

    def __init__(self, api: Api, project: Project) -> None:
        self._api = api
        self._project = project
        self._remote: Remote | None = None

    def plan(
        self,
        targets: Sequence[Target],
        progress: Progress | None = None,
        kinds: Collection[Kind] | None = None,
    ) -> tuple[Plan, list[str]]:
        """Return what would be deleted, and what would be but is used, each in a line.

        Args:
            targets: What is defined.
            progress: Called as objects are read.
            kinds: Only objects of these are deleted; None for all.

        Raises:
            SyncError: What is there cannot be read.
        """
        remote = Reader(self._api, self._project, None, progress).read()
        self._remote = remote
        keys = {target.key for target in targets}
        found = [
            each
            for key, each in remote.objects.items()
            if each.managed and key not in keys and (kinds is None or each.kind in kinds)
        ]
        going = {each.key for each in map(_destroy, found)}
        used = self._find_uses(going) if any(each.kind in _SHARED for each in found) else {}
        kept = [
            f"kept: the {each.kind.title} {each.identity!r} is used by {used[each.id]}"
            for each in found
            if each.id in used and each.kind in _SHARED
        ]
        actions = [
            _destroy(each) for each in found if each.kind not in _SHARED or each.id not in used
        ]
        actions.sort(key=lambda each: (_ORDER.index(each.kind), each.identity))
        plan = Plan(
            url=self._api.url,
            project=self._project,
            actions=tuple(actions),
            unchanged=sum(key in keys for key in remote.objects),
        )
        return plan, kept

    def delete(self, plan: Plan) -> Outcome:
        """Delete what a plan says, each only if it still is what was shown."""
        outcome = Outcome()
        assert self._remote is not None  # noqa: S101 - there is no plan without
        recorder = Recorder(self._api, self._remote)
        keys = {action.key for action in plan.actions}
        now = Reader(self._api, self._project, keys).read()
        trouble: SyncError | None = None
        for action in plan.actions:
            try:
                self._delete(action, now.objects.get(action.key))
            except SyncError as error:
                outcome.failures.append(Failure(action, error))
                continue
            outcome.done.append(action)
            if action.kind in _SHARED:
                recorder.record(action.kind, action.identity, None)
        try:
            recorder.save()
        except SyncError as error:
            trouble = error
        return Outcome(outcome.done, outcome.failures, [], trouble)

    def _delete(self, action: Action, observed: Observed | None) -> None:
        if observed is None:
            return
        if observed.seen != action.seen or not observed.managed:
            raise StalePlan("it has changed since it was shown: look again")
        path = RESOURCES[action.kind].item(self._project.id, observed.id)
        try:
            self._api.change("DELETE", path)
        except RequestRefused as error:
            if error.status != NOT_FOUND:
                raise

    def _find_uses(self, going: set[Key]) -> dict[str, str]:
        """Return which channels and schedules, by id, an alert or SLO of any project uses.

        Those that go too do not count. A project that may not be read may use anything; so then
        every channel and schedule counts as used.
        """
        assert self._remote is not None  # noqa: S101 - there is no plan without
        used: dict[str, str] = {}
        for project in list_objects(self._api, PROJECTS):
            identifier, name = str(project.get("id")), str(project.get("project_name"))
            for kind in (Kind.ALERT, Kind.SLO):
                resource = RESOURCES[kind]
                try:
                    found = list_objects(self._api, resource.collection(identifier))
                except RequestRefused:
                    return dict.fromkeys(
                        (*self._remote.labels.channels, *self._remote.labels.schedules),
                        f"perhaps, as the project {name} may not be read",
                    )
                except SyncError:
                    if not resource.optional:
                        raise
                    continue
                for body in found:
                    identity = resource.identity(body) or ""
                    if identifier == self._project.id and (kind, identity) in going:
                        continue
                    for each in _assigned(body):
                        used.setdefault(each, f"the {kind.title} {identity!r} of {name}")
        return used


def _assigned(body: Mapping[str, Any]) -> Iterator[str]:
    entries = [*as_list(body, "channel_assignments"), *as_list(body, "channels")]
    for speed in as_mapping(body.get("alerts")).values():
        entries += as_list(speed, "channel_assignments")
    for each in entries:
        entry = as_mapping(each)
        for key in ("channel_id", "schedule_id", "id"):
            if entry.get(key):
                yield str(entry[key])


def _destroy(observed: Observed) -> Action:
    return Action(
        change=Change.DESTROY,
        kind=observed.kind,
        identity=observed.identity,
        before=make_view(observed.canonical, managed=observed.managed),
        seen=observed.seen,
    )
