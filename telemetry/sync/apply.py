"""Carrying out a plan, so that whatever stops it, the next one finishes it."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from telemetry.errors import (
    RequestRefused,
    ResourceUnsupported,
    ServiceUnreachable,
    StalePlan,
    SyncError,
)
from telemetry.sync.api import NOT_FOUND, Answer
from telemetry.sync.canonical import canonical
from telemetry.sync.fingerprints import take_fingerprint
from telemetry.sync.markers import add_marker
from telemetry.sync.plan import Action, Change, Plan, find_references
from telemetry.sync.recording import Recorder
from telemetry.sync.remote import Remote, list_objects, owner_of
from telemetry.sync.resources import RESOURCES, Kind
from telemetry.sync.shapes import as_mapping
from telemetry.sync.state import Managed
from telemetry.sync.targets import SECRETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from telemetry.sync.api import Api
    from telemetry.sync.remote import Progress

_PHASES = (
    (Kind.SCHEDULE, Kind.CHANNEL),
    (Kind.ALERT, Kind.SLO, Kind.DASHBOARD),
)
"""What others refer to comes first; objects of one phase are written at once."""

_NOT_UNIQUE = frozenset({Kind.CHANNEL, Kind.SCHEDULE})
"""A server may let two of them have one label."""

_FINAL = frozenset({401, 403})
"""After these answers every other request would get the same."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Hold an action that failed, and why."""

    action: Action
    error: SyncError


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold what became of a plan.

    Attributes:
        done: The actions that are done.
        failures: Those that failed.
        skipped: Those that were not tried.
        trouble: Why what mystage keeps for itself could not be written; None if it could.
    """

    done: list[Action] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    skipped: list[Action] = field(default_factory=list)
    trouble: SyncError | None = None


def check_fresh(plan: Plan, remote: Remote) -> None:
    """Check that what a plan changes is as it was when the plan was made.

    Raises:
        StalePlan: It is not; the message names every object.
    """
    changed = []
    for action in plan.actions:
        observed = remote.objects.get(action.key)
        if (observed.seen if observed else "") != action.seen:
            changed.append(f"the {action.kind.title} {action.identity!r}")
    if changed:
        raise StalePlan(
            f"{', '.join(changed)} changed since the plan was made: make a new plan and look at it"
        )


class Applier:
    """Carry out a plan.

    Args:
        api: Where to.
        remote: What is there, of the objects of the plan.
        secrets: The values of the secrets, by their variables.
        progress: Is told how far it is.
    """

    def __init__(
        self,
        api: Api,
        remote: Remote,
        secrets: Mapping[str, str],
        progress: Progress | None = None,
    ) -> None:
        self._api = api
        self._remote = remote
        self._secrets = secrets
        self._progress = progress or (lambda *_: None)
        self._recorder = Recorder(api, remote)
        self._ids: dict[tuple[Kind, str], str] = {}
        self._stopped = threading.Event()
        api.conceal(secrets.values())

    def apply(self, plan: Plan) -> Outcome:
        """Do what a plan says, and tell what was done; what fails does not stop the others."""
        trouble: SyncError | None = None
        done: list[Action] = []
        failures: list[Failure] = []
        skipped: list[Action] = []
        for phase in _PHASES:
            actions = [action for action in plan.actions if action.kind in phase]
            try:
                for action, error in zip(actions, self._api.map(self._try, actions), strict=True):
                    if error is None:
                        done.append(action)
                    elif isinstance(error, SyncError):
                        failures.append(Failure(action, error))
                    else:
                        skipped.append(action)
                    self._progress("writing", len(done), len(plan.actions))
            except KeyboardInterrupt:
                self._stopped.set()
                with contextlib.suppress(SyncError):
                    self._recorder.save()
                raise
            try:
                self._recorder.save()
            except SyncError as error:
                trouble = error
        return Outcome(done, failures, skipped, trouble)

    def _try(self, action: Action) -> SyncError | str | None:
        """Return why an action failed; None if it is done, a text if it was not tried."""
        if self._stopped.is_set():
            return "not tried"
        try:
            self._do(action)
        except ServiceUnreachable as error:
            self._stopped.set()
            return error
        except RequestRefused as error:
            if error.status in _FINAL:
                self._stopped.set()
            return error
        except SyncError as error:
            return error
        return None

    def _do(self, action: Action) -> None:
        body = self._complete(action)
        resource = RESOURCES[action.kind]
        collection = resource.collection(self._remote.project.id)
        observed = self._remote.objects.get(action.key)
        if observed is None:
            made = self._create(action, collection, body)
            fresh = isinstance(made, Answer)
            identifier = self._id_of(made, action) if isinstance(made, Answer) else made
            if fresh and action.kind in _NOT_UNIQUE and action.kind not in self._remote.unlisted:
                first = self._settle(action, identifier)
                fresh, identifier = first == identifier, first
            changes = {} if fresh else dict(body)
            if fresh and action.kind is Kind.CHANNEL and body.get("active") is False:
                changes = {"active": False}  # channels are created active, whatever we say
        else:
            identifier, changes = observed.id, _changed(action, observed.canonical, body)
        changes.pop("slug", None)  # cannot be changed
        if changes:
            path = resource.item(self._remote.project.id, identifier)
            self._update(action, path, changes)
        if action.kind in _NOT_UNIQUE:
            self._ids[action.key] = identifier
            secret = self._secrets.get(action.secret, "")
            fingerprint = take_fingerprint(secret) if secret else ""
            self._recorder.record(action.kind, action.identity, Managed(identifier, fingerprint))
            if action.kind in self._remote.unlisted:
                self._recorder.save()  # nothing else would find it again

    def _create(self, action: Action, collection: str, body: Any) -> Answer | str:
        try:
            return self._api.create(collection, body, lambda: self._look(action))
        except RequestRefused as error:
            if error.status != NOT_FOUND:
                raise
            release = f" (release {error.release})" if error.release else ""
            raise ResourceUnsupported(
                f"{self._api.url}{release} has no {collection}: it is too old for them"
            ) from error

    def _settle(self, action: Action, identifier: str) -> str:
        """Return the id of what stays: the first, if another apply has made the same just now."""
        resource = RESOURCES[action.kind]
        found = list_objects(self._api, resource.collection(self._remote.project.id))
        same = [each for each in found if resource.identity(each) == action.identity]
        same.sort(key=lambda each: str(each.get("created_at") or ""))
        first = str(same[0].get("id")) if same else identifier
        if first != identifier:
            # Nothing can refer to it yet: only we know its id.
            self._api.change("DELETE", resource.item(self._remote.project.id, identifier))
        return first

    def _update(self, action: Action, path: str, changes: Mapping[str, Any]) -> None:
        method = RESOURCES[action.kind].update
        try:
            self._api.change("PATCH" if method == "PATCH" else "PUT", path, changes)
        except RequestRefused as error:
            if error.status != NOT_FOUND:
                raise
            raise StalePlan(
                f"the {action.kind.title} {action.identity!r} was deleted since the plan was made:"
                " make a new plan"
            ) from error

    def _look(self, action: Action) -> str | None:
        """Return the id of an object that a create may have made.

        Raises:
            ServiceUnreachable: Nobody can tell.
        """
        if action.kind in self._remote.unlisted:
            raise ServiceUnreachable(
                f"{self._api.url} did not say whether it made the {action.kind.title}"
                f" {action.identity!r}, and has no list to look in: look for it there, and delete"
                " it before you apply again"
            )
        resource = RESOURCES[action.kind]
        for each in list_objects(self._api, resource.collection(self._remote.project.id)):
            if resource.identity(each) == action.identity:
                return str(each.get("id"))
        return None

    def _id_of(self, answer: Answer, action: Action) -> str:
        identifier = as_mapping(answer.body).get("id")
        if identifier:
            return str(identifier)
        if action.kind in _NOT_UNIQUE:
            found = self._look(action)
            if found is None:
                raise ServiceUnreachable(
                    f"{self._api.url} made the {action.kind.title} {action.identity!r} and does"
                    " not list it"
                )
            return found
        return ""

    def _complete(self, action: Action) -> dict[str, Any]:
        """Return a body with what the plan leaves out: ids, the secret and the marker."""
        body = dict(action.body)
        form = canonical(action.kind, body)
        owner = owner_of(self._remote.project.id, action.kind, action.identity)
        match action.kind:
            case Kind.ALERT:
                body["channel_assignments"] = self._assign(body["channel_assignments"])
            case Kind.SLO:
                body["alerts"] = {
                    speed: {"channel_assignments": self._assign(each["channel_assignments"])}
                    for speed, each in body["alerts"].items()
                }
            case Kind.CHANNEL if action.secret:
                key = SECRETS[body["config"]["type"]]
                body["config"] = {**body["config"], key: self._secrets[action.secret]}
            case Kind.DASHBOARD:
                body["definition"] = _mark_dashboard(body["definition"], owner, form)
            case _:
                pass
        if action.kind in (Kind.ALERT, Kind.SLO):
            body["description"] = add_marker(str(body.get("description") or ""), owner, form)
        return body

    def _assign(self, deliveries: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
        assigned = []
        for each in deliveries:
            entry = {"channel_id": self._find(Kind.CHANNEL, each["channel"])}
            if each.get("schedule"):
                entry["schedule_id"] = self._find(Kind.SCHEDULE, each["schedule"])
            assigned.append(entry)
        return assigned

    def _find(self, kind: Kind, label: str) -> str:
        found = self._ids.get((kind, label)) or self._remote.find_id(kind, label)
        if found is None:
            raise SyncError(f"the {kind.title} {label!r} that it tells is not there")
        return found


def _changed(action: Action, before: Mapping[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a body that are not so yet."""
    after = canonical(action.kind, action.body)
    # The marker is within these.
    marked = {Kind.ALERT: "description", Kind.SLO: "description", Kind.DASHBOARD: "definition"}
    always = {marked.get(action.kind, ""), "config" if action.sets_secret else ""}
    return {
        key: value
        for key, value in body.items()
        if key in always or before.get(key) != after.get(key)
    }


def _mark_dashboard(definition: Mapping[str, Any], owner: Any, form: Any) -> dict[str, Any]:
    spec = definition["spec"]
    display = as_mapping(spec.get("display"))
    description = add_marker(str(display.get("description") or ""), owner, form)
    return {
        **definition,
        "spec": {**spec, "display": {**display, "description": description}},
    }


def needed_keys(plan: Plan) -> set[tuple[Kind, str]]:
    """Return what has to be read before a plan can be carried out."""
    keys = {action.key for action in plan.actions}
    for action in plan.actions:
        if action.change is not Change.DESTROY:
            keys.update(find_references(action.body))
    return keys
