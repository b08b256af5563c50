"""What Logfire holds now, read with as few requests as there can be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from telemetry.errors import InvalidTarget, RequestRefused, ResourceUnsupported, ServiceUnreachable
from telemetry.sync.api import NO_METHOD, NOT_FOUND, Api
from telemetry.sync.canonical import Labels, canonical
from telemetry.sync.markers import digest_of, is_written, read_marker
from telemetry.sync.resources import PROJECTS, RESOURCES, Key, Kind
from telemetry.sync.shapes import as_list, as_mapping
from telemetry.sync.state import STATE_SLUG, State, read_state

Progress = Callable[[str, int, int], object]
"""Is told what is being done, how much of it is, and how much there is."""


@dataclass(frozen=True, slots=True)
class Project:
    """Name a project."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Observed:
    """Hold an object that is there.

    Attributes:
        kind: Its kind.
        identity: Its slug, name or label.
        id: What the API calls it.
        canonical: Its canonical form.
        managed: Whether mystage wrote it.
        marker: The digest that its marker holds.
        changed_by: Who changed it last, as the server says.
        changed_at: When.
        body: As it was read; may hold secrets of a server that does not mask them.
    """

    kind: Kind
    identity: str
    id: str
    canonical: dict[str, Any]
    managed: bool
    marker: str | None = None
    changed_by: str = ""
    changed_at: str = ""
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def seen(self) -> str:
        """The digest of everything that a plan goes by."""
        return digest_of([self.id, self.managed, self.canonical])

    @property
    def is_as_written(self) -> bool:
        """Whether nobody has changed it since mystage wrote it."""
        return is_written(self.canonical, self.marker)


@dataclass(frozen=True, kw_only=True)
class Remote:
    """Hold what is there.

    Attributes:
        project: The project.
        objects: Those that were asked for, by kind and identity.
        state: What the state dashboard says.
        labels: Of channels and schedules, by id.
        unlisted: The kinds that the server gives no list of.
        ambiguous: Identities that several objects have.
        state_id: The id of the state dashboard; "" where there is none.
    """

    project: Project
    objects: Mapping[Key, Observed]
    state: State
    labels: Labels
    unlisted: frozenset[Kind]
    ambiguous: frozenset[Key]
    state_id: str = ""

    def find_id(self, kind: Kind, label: str) -> str | None:
        """Return the id of a channel or schedule."""
        known = self.labels.channels if kind is Kind.CHANNEL else self.labels.schedules
        mine = self.state.channels if kind is Kind.CHANNEL else self.state.schedules
        ids = [each for each, its_label in known.items() if its_label == label]
        if label in mine and mine[label].id in ids:
            return mine[label].id
        return ids[0] if ids else None


_TOLD: Final = frozenset({NOT_FOUND, NO_METHOD})


def find_project(api: Api, name: str | None) -> Project:
    """Return the project of a name, or the only one there is.

    Raises:
        InvalidTarget: There is no such project, or the name is wanted.
        SyncError: It cannot be read.
    """
    found = [
        Project(str(each.get("id")), str(each.get("project_name")))
        for each in list_objects(api, PROJECTS)
    ]
    if name is None:
        if len(found) == 1:
            return found[0]
        names = ", ".join(sorted(each.name for each in found)) or "none"
        raise InvalidTarget(
            f"say which project with --project or LOGFIRE_PROJECT: {api.url} has {names}"
        )
    for each in found:
        if name in (each.name, each.id):
            return each
    names = ", ".join(sorted(each.name for each in found)) or "none"
    raise InvalidTarget(f"{api.url} has no project {name!r} that the key may see; it has {names}")


def list_objects(api: Api, path: str) -> list[dict[str, Any]]:
    """Return what a collection lists.

    Raises:
        ResourceUnsupported: The server has no such collection.
        SyncError: It cannot be read.
    """
    try:
        answer = api.get(path)
    except RequestRefused as error:
        if error.status not in _TOLD:
            raise
        collection = path.rstrip("/").rpartition("/")[2]
        release = f" (release {error.release})" if error.release else ""
        raise ResourceUnsupported(
            f"{api.url}{release} has no {collection}, at {path}: it is too old for them, or it is"
            " not Logfire's management API"
        ) from error
    if not isinstance(answer.body, list):
        raise ServiceUnreachable(f"{api.url} answers GET {path} with no list: is Logfire there?")
    return [each for each in answer.body if isinstance(each, dict)]


class Reader:
    """Read what a project holds.

    Args:
        api: Where from.
        project: Which.
        wanted: The keys of what to read whole; None for everything.
        progress: Is told how far it is.
    """

    def __init__(
        self,
        api: Api,
        project: Project,
        wanted: Iterable[Key] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._api = api
        self._project = project
        self._wanted = None if wanted is None else set(wanted)
        self._progress = progress or (lambda *_: None)
        self._unlisted: set[Kind] = set()

    def read(self) -> Remote:
        """Return what is there.

        Raises:
            ResourceUnsupported: The server is too old for what is wanted.
            SyncError: It cannot be read.
        """
        listed = dict(zip(RESOURCES, self._api.map(self._list, RESOURCES), strict=True))
        bodies = self._read_dashboards(listed[Kind.DASHBOARD])
        state_body = bodies.get(STATE_SLUG, {})
        state = read_state(state_body.get("definition"))
        listed[Kind.SCHEDULE] = self._read_schedules(listed, state)
        labels = Labels(
            channels=_labels(listed[Kind.CHANNEL]), schedules=_labels(listed[Kind.SCHEDULE])
        )
        whole = {**listed, Kind.DASHBOARD: [bodies[slug] for slug in bodies if slug != STATE_SLUG]}
        objects: dict[Key, Observed] = {}
        ambiguous: set[Key] = set()
        for kind, found in whole.items():
            for body in found:
                observed = _observe(self._project.id, kind, body, labels, state)
                if observed is None:
                    continue
                key = (kind, observed.identity)
                if key in objects:
                    # Of several with one label, the one that is ours.
                    if observed.managed == objects[key].managed:
                        ambiguous.add(key)
                    if not observed.managed:
                        continue
                objects[key] = observed
        return Remote(
            project=self._project,
            objects=objects,
            state=state,
            labels=labels,
            unlisted=frozenset(self._unlisted),
            ambiguous=frozenset(key for key in ambiguous if not objects[key].managed),
            state_id=str(state_body.get("id") or ""),
        )

    def _list(self, kind: Kind) -> list[dict[str, Any]]:
        resource = RESOURCES[kind]
        try:
            return list_objects(self._api, resource.collection(self._project.id))
        except ResourceUnsupported:
            wanted = self._wanted is not None and any(key[0] is kind for key in self._wanted)
            # A schedule can be reached by its id where there is no list of them.
            if not resource.optional or (wanted and kind is not Kind.SCHEDULE):
                raise
            self._unlisted.add(kind)
            return []

    def _read_dashboards(self, summaries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return the dashboards that are wanted, by slug, each as it would be written."""
        resource = RESOURCES[Kind.DASHBOARD]
        wanted = []
        for summary in summaries:
            slug = resource.identity(summary)
            if slug and (
                self._wanted is None or slug == STATE_SLUG or (Kind.DASHBOARD, slug) in self._wanted
            ):
                wanted.append((slug, summary))
        bodies = {}
        results = self._api.map(lambda each: self._get(Kind.DASHBOARD, each[1]), wanted)
        for done, ((slug, summary), body) in enumerate(zip(wanted, results, strict=True), 1):
            self._progress("reading dashboards", done, len(wanted))
            if body is not None:  # else it was deleted just now
                definition = body.get("dashboard", body)
                name = summary.get("dashboard_name") or summary.get("name")
                bodies[slug] = {**summary, "name": name, "slug": slug, "definition": definition}
        return bodies

    def _read_schedules(
        self, listed: Mapping[Kind, list[dict[str, Any]]], state: State
    ) -> list[dict[str, Any]]:
        """Return the schedules; where there is no list, those whose ids are seen somewhere."""
        if Kind.SCHEDULE not in self._unlisted:
            summaries = listed[Kind.SCHEDULE]
        else:
            ids = {entry.id for entry in state.schedules.values()}
            for alert in listed[Kind.ALERT]:
                for assigned in as_list(alert, "channel_assignments"):
                    if identifier := as_mapping(assigned).get("schedule_id"):
                        ids.add(str(identifier))
            summaries = [{"id": each} for each in sorted(ids)]
        found = self._api.map(
            lambda each: each if "windows" in each else self._get(Kind.SCHEDULE, each), summaries
        )
        return [dict(each) for each in found if each is not None]

    def _get(self, kind: Kind, summary: Mapping[str, Any]) -> dict[str, Any] | None:
        path = RESOURCES[kind].item(self._project.id, str(summary.get("id")))
        try:
            answer = self._api.get(path)
        except RequestRefused as error:
            if error.status == NOT_FOUND:
                return None
            raise
        if not isinstance(answer.body, dict):
            raise ServiceUnreachable(f"{self._api.url} answers GET {path} with no object")
        return answer.body


def _labels(found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {str(each.get("id")): str(each.get("label")) for each in found if each.get("label")}


def owner_of(project: str, kind: Kind, identity: str) -> list[str]:
    """Return which object a marker is of."""
    return [project, kind.value, identity]


def _observe(
    project: str, kind: Kind, body: Mapping[str, Any], labels: Labels, state: State
) -> Observed | None:
    identity = RESOURCES[kind].identity(dict(body))
    if identity is None:
        return None
    identifier = str(body.get("id"))
    marker = None
    if kind is Kind.CHANNEL or kind is Kind.SCHEDULE:
        mine = state.channels if kind is Kind.CHANNEL else state.schedules
        managed = identity in mine and mine[identity].id == identifier
    else:
        text = body.get("description")
        if kind is Kind.DASHBOARD:
            spec = as_mapping(as_mapping(body.get("definition")).get("spec"))
            text = as_mapping(spec.get("display")).get("description")
        marker = read_marker(text, owner_of(project, kind, identity))
        managed = marker is not None
    return Observed(
        kind=kind,
        identity=identity,
        id=identifier,
        canonical=canonical(kind, body, labels),
        managed=managed,
        marker=marker,
        changed_by=str(body.get("updated_by_name") or ""),
        changed_at=str(body.get("updated_at") or ""),
        body=body,
    )
