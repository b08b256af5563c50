"""The one declaration of the pipeline: stages, services, functions, queues, policies, edges.

Everything that needs a list of stages derives it from ``STAGES``: the queues that the emulator and
Terraform make, the functions that are served, the rows of ``mystage run``, the filters of the admin
page, the diagram in the documentation. To add a stage, add it here and write its handler.

What serves the pipeline without being on an item's way stands beside them, in ``OPERATIONS``, which
have queues and handlers as stages do, and in ``ENDPOINTS``, which others call over HTTP.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from functions.errors import DeclarationError
from telemetry import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FUNCTION_NAME: Final = re.compile(r"dpl_[a-z][a-z0-9_]{2,58}")
"""Cloud Functions take 63 characters; ``dpl_`` marks the pipeline's own."""

QUEUE_NAME: Final = re.compile(r"[a-z][a-z0-9-]{2,98}[a-z0-9]")
"""Stricter than Cloud Tasks (letters, digits and hyphens, at most 100 characters)."""

MAX_DISPATCHES_PER_SECOND: Final = 500
"""Cloud Tasks' limit for one queue (https://cloud.google.com/tasks/docs/quotas)."""

ENTITIES: Final = CATALOGUE.entities
"""What the pipeline makes of pages: ``venues`` and so on, as the metric catalogue has them.

Each is a collection of documents, a pair of counters and a table."""


class Transport(StrEnum):
    """Say how tasks travel to a stage."""

    CLOUD_TASKS = "cloud_tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Say how often, and how patiently, a task is tried.

    ``max_attempts`` is the runtime's own limit: on that attempt a failure becomes a dead letter.
    The queue is given ``head_room`` more, so that publishing the dead letter can itself be retried.
    """

    max_attempts: int = 5
    min_backoff: timedelta = timedelta(seconds=10)
    max_backoff: timedelta = timedelta(minutes=5)
    max_doublings: int = 3
    head_room: int = 5

    @property
    def queue_attempts(self) -> int:
        """The ``max_attempts`` of the queue itself."""
        return self.max_attempts + self.head_room


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """Say how fast a queue hands tasks to its stage."""

    max_dispatches_per_second: float = 50
    max_concurrent_dispatches: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Declare one stage: one function behind one queue.

    Attributes:
        name: The stage, as telemetry, failed tasks and reports call it.
        service: The deployable service it belongs to, as Logfire's ``service_name`` has it.
        function: The Cloud Function that serves it.
        task_type: What its tasks are, finer than the stage.
        payload: ``module:model`` of its tasks' bodies.
        handler: ``module:function``; imported when the first task arrives.
        next: The stages its handler may dispatch to.
        stagger: The pause between the tasks of one fan-out into this stage.
        deadline: How long one attempt may take (Cloud Tasks allows 15 seconds to 30 minutes).
        exclusive: Whether its tasks go one at a time, wherever it runs.
    """

    name: str
    service: str
    function: str
    task_type: str
    payload: str
    handler: str
    next: tuple[str, ...] = ()
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    rate: RateLimits = field(default_factory=RateLimits)
    transport: Transport = Transport.CLOUD_TASKS
    stagger: timedelta = timedelta(0)
    deadline: timedelta = timedelta(minutes=10)
    exclusive: bool = False

    @property
    def queue(self) -> str:
        """The queue its tasks wait in: one per stage."""
        return f"{self.name.replace('_', '-')}-queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Declare a function that no queue leads to: others call it over HTTP.

    Attributes:
        name: What the receipts of its calls say instead of a stage.
        service: The deployable service it belongs to.
        function: The Cloud Function that serves it.
        handler: ``module:function``, of a call and the runtime; imported at the first call.
        next: The stages and operations it may dispatch to.
        max_body: How many bytes a call may bring.
    """

    name: str
    service: str
    function: str
    handler: str
    next: tuple[str, ...] = ()
    max_body: int = 1024 * 1024


_OUTSIDE = RetryPolicy(max_attempts=5, min_backoff=timedelta(seconds=30), max_doublings=4)
"""For stages that talk to servers of other people: patient."""

STAGES: Final[tuple[Stage, ...]] = (
    Stage(
        name="scheduling",
        service="scheduling",
        function="dpl_schedule_sources",
        task_type="schedule_sources",
        payload="functions.stages.payloads:ScheduleSources",
        handler="functions.stages.scheduling:schedule_sources",
        next=("scheduling", "sourcing"),
        rate=RateLimits(max_dispatches_per_second=5, max_concurrent_dispatches=1),
    ),
    Stage(
        name="sourcing",
        service="sourcing",
        function="dpl_source_listings",
        task_type="source_page",
        payload="functions.stages.payloads:SourcePage",
        handler="functions.stages.sourcing:source_page",
        next=("doc_processing", "entity_source_mgmt"),
        retry=_OUTSIDE,
        rate=RateLimits(max_dispatches_per_second=5, max_concurrent_dispatches=10),
        stagger=timedelta(seconds=1),
    ),
    Stage(
        name="doc_processing",
        service="doc-processing",
        function="dpl_process_document",
        task_type="process_document",
        payload="functions.stages.payloads:ProcessDocument",
        handler="functions.stages.doc_processing:process_document",
        next=("extraction_adapters", "extraction_agents"),
    ),
    Stage(
        name="extraction_adapters",
        service="extraction-adapters",
        function="dpl_extraction_adapter",
        task_type="schema_org_event_extraction",
        payload="functions.stages.payloads:ExtractEvents",
        handler="functions.stages.extraction_adapters:extract_events",
        next=("entity_resolution",),
    ),
    Stage(
        name="extraction_agents",
        service="extraction-agents",
        function="dpl_extraction_agent",
        task_type="page_event_extraction",
        payload="functions.stages.payloads:ExtractEvents",
        handler="functions.stages.extraction_agents:extract_events",
        next=("entity_resolution",),
        retry=_OUTSIDE,
        rate=RateLimits(max_dispatches_per_second=2, max_concurrent_dispatches=5),
    ),
    Stage(
        name="entity_resolution",
        service="entity-resolution",
        function="dpl_resolve_entities",
        task_type="resolve_entities",
        payload="functions.stages.payloads:ResolveEntities",
        handler="functions.stages.entity_resolution:resolve_entities",
        next=("entity_source_mgmt",),
    ),
    Stage(
        name="entity_source_mgmt",
        service="entity-source-mgmt",
        function="dpl_record_entity_sources",
        task_type="record_entity_sources",
        payload="functions.stages.payloads:RecordSources",
        handler="functions.stages.entity_source_mgmt:record_sources",
        next=("entity_writers", "sync_data_stores"),
    ),
    Stage(
        name="entity_writers",
        service="entity-writers",
        function="dpl_write_entities",
        task_type="write_entities",
        payload="functions.stages.payloads:WriteEntities",
        handler="functions.stages.entity_writers:write_entities",
        next=("sync_data_stores",),
    ),
    Stage(
        name="sync_data_stores",
        service="sync-data-stores",
        function="dpl_sync_data_stores",
        task_type="sync_entities",
        payload="functions.stages.payloads:SyncEntities",
        handler="functions.stages.sync_data_stores:sync_entities",
    ),
)

OPERATIONS: Final[tuple[Stage, ...]] = (
    Stage(
        name="post_incident",
        service="alerting",
        function="dpl_post_incident",
        task_type="post_incident",
        payload="functions.alerts.payloads:PostIncident",
        handler="functions.alerts.posting:post_incident",
        next=("post_incident",),
        # Slack is not down for longer than the three hours that these attempts take.
        retry=RetryPolicy(max_attempts=24, max_backoff=timedelta(minutes=10), max_doublings=6),
        # Slack takes about one message a second (https://docs.slack.dev/apis/web-api/rate-limits).
        rate=RateLimits(max_dispatches_per_second=1, max_concurrent_dispatches=1),
        deadline=timedelta(minutes=1),
        exclusive=True,
    ),
    Stage(
        name="retry_failed_tasks",
        service="failed-tasks",
        function="dpl_retry_failed_tasks",
        task_type="retry_failed_tasks",
        payload="functions.runtime.failed_tasks.payloads:RetryFailedTasks",
        handler="functions.runtime.failed_tasks.bulk_handling:work_off",
        next=("retry_failed_tasks",),
        rate=RateLimits(max_dispatches_per_second=5, max_concurrent_dispatches=2),
    ),
)
"""What has a queue and is no stage of an item's way, so that no funnel and no run counts it."""

ON_ALERT: Final = Endpoint(
    name="on_alert",
    service="alerting",
    function="dpl_on_alert",
    handler="functions.alerts.webhook:receive_alert",
    next=("post_incident",),
)
"""Where Logfire's webhook leads."""

HANDLE_FAILED_TASK: Final = Endpoint(
    name="handle_failed_task",
    service="failed-tasks",
    function="dpl_handle_failed_task",
    handler="functions.runtime.failed_tasks.handling:handle_failed_task",
    max_body=10 * 1024 * 1024,
)
"""Where the dead-letter topic leads; a message has up to 10 MB (https://cloud.google.com/pubsub/quotas)."""

RECONCILE_TASKS: Final = Endpoint(
    name="reconcile_tasks",
    service="failed-tasks",
    function="dpl_reconcile_tasks",
    handler="functions.runtime.reconciler:reconcile_tasks",
)
"""Where a scheduler calls every few minutes."""

ENDPOINTS: Final[tuple[Endpoint, ...]] = (ON_ALERT, HANDLE_FAILED_TASK, RECONCILE_TASKS)
"""What others call over HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Adapt the declaration to where it runs; the edges and names never differ."""

    name: str
    retry: RetryPolicy | None = None
    rate: RateLimits | None = None
    staggered: bool = True

    def apply(self, stage: Stage) -> Stage:
        """Return the stage as this profile runs it."""
        rate = self.rate or stage.rate
        return replace(
            stage,
            retry=self.retry or stage.retry,
            rate=replace(rate, max_concurrent_dispatches=1) if stage.exclusive else rate,
            stagger=stage.stagger if self.staggered else timedelta(0),
        )


PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            Profile(name="production"),
            # A person waits for an embedded run, and no neighbour's server is spared by waiting:
            # short pauses, few attempts, as many at once as one machine makes use of.
            Profile(
                name="embedded",
                retry=RetryPolicy(
                    max_attempts=4,
                    min_backoff=timedelta(milliseconds=500),
                    max_backoff=timedelta(seconds=5),
                ),
                rate=RateLimits(
                    max_dispatches_per_second=MAX_DISPATCHES_PER_SECOND,
                    max_concurrent_dispatches=6,
                ),
                staggered=False,
            ),
        )
    }
)


class Pipeline:
    """Look stages, operations and endpoints up by name, function or queue.

    Args:
        stages: The declaration of an item's way.
        operations: The declaration of what else has a queue.
        endpoints: The declaration of what others call.
        profile: Where it runs.

    Attributes:
        stages: An item's way, as the profile has it.
        queued: All that has a queue: the stages, then the operations.
        endpoints: What others call, by the function.

    Raises:
        DeclarationError: The declaration contradicts itself; the message says where.
    """

    def __init__(
        self,
        stages: Iterable[Stage] = STAGES,
        *,
        operations: Iterable[Stage] = OPERATIONS,
        endpoints: Iterable[Endpoint] = ENDPOINTS,
        profile: str = "production",
    ) -> None:
        if profile not in PROFILES:
            raise DeclarationError(f"no profile {profile!r}: there are {', '.join(PROFILES)}")
        self.stages = tuple(map(PROFILES[profile].apply, stages))
        self.queued = (*self.stages, *map(PROFILES[profile].apply, operations))
        endpoints = tuple(endpoints)
        check_declaration(self.queued, endpoints)
        self.endpoints = MappingProxyType({each.function: each for each in endpoints})
        self._by_name = {stage.name: stage for stage in self.queued}
        self._by_function = {stage.function: stage for stage in self.queued}

    def stage(self, name: str) -> Stage:
        """Return the stage, or the operation, of that name.

        Raises:
            DeclarationError: There is none.
        """
        return _found(self._by_name, name, "stage")

    def serving(self, function: str) -> Stage:
        """Return the stage, or the operation, that a function serves.

        Raises:
            DeclarationError: There is none.
        """
        return _found(self._by_function, function, "function")


def _found(stages: Mapping[str, Stage], name: str, kind: str) -> Stage:
    try:
        return stages[name]
    except KeyError:
        known = ", ".join(stages)
        raise DeclarationError(
            f"no {kind} {name!r} in functions/pipeline.py: there are {known}"
        ) from None


def check_declaration(stages: tuple[Stage, ...], endpoints: tuple[Endpoint, ...] = ()) -> None:
    """Refuse a declaration that contradicts itself or that Google Cloud would refuse.

    Args:
        stages: All that has a queue.
        endpoints: What others call.

    Raises:
        DeclarationError: With every contradiction found, one a line.
    """
    everything: tuple[Stage | Endpoint, ...] = (*stages, *endpoints)
    names = {stage.name for stage in stages}
    findings = [
        *_find_repeats("name", everything),
        *_find_repeats("function", everything),
        *_find_repeats("queue", stages),
        *(finding for each in everything for finding in _find_misfits(each, names)),
        *(finding for stage in stages for finding in _find_faults(stage)),
    ]
    if findings:
        raise DeclarationError("functions/pipeline.py:\n  " + "\n  ".join(findings))


def _find_repeats(what: str, declared: Iterable[Stage | Endpoint]) -> Iterable[str]:
    seen: set[str] = set()
    for each in declared:
        value = getattr(each, what)
        if value in seen:
            yield f"two stages have the {what} {value!r}"
        seen.add(value)


def _find_misfits(declared: Stage | Endpoint, names: set[str]) -> Iterable[str]:
    name, function = declared.name, declared.function
    for target in declared.next:
        if target not in names:
            yield f"{name}: next stage {target!r} is not declared"
    if not FUNCTION_NAME.fullmatch(function):
        yield f"{name}: function {function!r} does not match {FUNCTION_NAME.pattern}"


def _find_faults(stage: Stage) -> Iterable[str]:
    if not QUEUE_NAME.fullmatch(stage.queue):
        yield f"{stage.name}: queue {stage.queue!r} does not match {QUEUE_NAME.pattern}"
    if not 0 < stage.rate.max_dispatches_per_second <= MAX_DISPATCHES_PER_SECOND:
        yield f"{stage.name}: a queue dispatches at most {MAX_DISPATCHES_PER_SECOND} tasks a second"
    if stage.retry.max_attempts < 1 or stage.retry.head_room < 1:
        yield f"{stage.name}: at least one attempt, and one of head-room for its dead letter"
    if not timedelta(seconds=15) <= stage.deadline <= timedelta(minutes=30):
        yield f"{stage.name}: a deadline is 15 seconds to 30 minutes"
