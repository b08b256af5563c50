"""Every attribute, metric and span name the toolkit writes, in one place.

Where OpenTelemetry has a name, that name is used, and its page is linked. The names marked "ours"
are the planning document's, or fill a gap; they are short, because people type them into SQL:
``attributes->>'stage'``. SQL in ``dashboards/`` and ``alerts/`` is checked against this module and
the metric catalogue, so a name is changed here and nowhere else.
"""

from __future__ import annotations

from typing import Final

SCOPE: Final = "mystage.telemetry"
"""Instrumentation scope of all spans and metrics: ``otel_scope_name`` in Logfire.

https://opentelemetry.io/docs/specs/otel/common/instrumentation-scope/
"""

# -- Span names ------------------------------------------------------------------------------------

PROCESS: Final = "process"
"""Operation of a stage's span, named ``process {stage}`` (``process extraction``).

The convention is ``{operation name} {destination}``. The stage stands for the destination: there
are few of them, they exist without a queue too, and a queue may be shared by several.
https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/#span-name
"""

SEND: Final = "send"
"""Operation of a producer's span that covers the sending, named ``send {queue}``.

https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/#operation-types
"""

CREATE: Final = "create"
"""Operation of a producer's span for a message that is sent later, named ``create {queue}``.

https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/#operation-types
"""

# -- Attributes: the pipeline's own ----------------------------------------------------------------

STAGE: Final = "stage"
"""The pipeline stage, as ``extraction``. Ours; on spans and metrics."""

TASK_TYPE: Final = "task_type"
"""What kind of task within the stage, as ``bit_event_extraction``. Ours; the planning document's
name, on spans and metrics."""

SERVICE: Final = "service"
"""The deployable service the stage belongs to. Ours; the planning document's name, on spans and
metrics (``service.name`` is an attribute of the resource, and of the process)."""

OUTCOME: Final = "outcome"
"""How a run ended, one of ``OUTCOMES``. Ours; on spans and metrics."""

ATTEMPT: Final = "attempt"
"""Which delivery of the task this is, from 1. Ours; on spans, modelled on
``messaging.gcp_pubsub.message.delivery_attempt``."""

MAX_ATTEMPTS: Final = "max_attempts"
"""After how many attempts the task is given up. Ours; on spans."""

CTX_ERROR: Final = "ctx.error"
"""Why the trace context in a payload was ignored. Ours; on spans, only where it was."""

# -- Attributes: the items a task is about ---------------------------------------------------------

SOURCE_ID: Final = "source_id"
"""The source that is fetched. Ours; on stages' spans."""

SCRAPE_ID: Final = "scrape_id"
"""The fetch whose page is read. Ours; on stages' spans."""

DOCUMENT_ID: Final = "document_id"
"""The page that is searched for events. Ours; on stages' spans."""

EXTRACTION_ID: Final = "extraction_id"
"""The extraction whose entities are resolved. Ours; on stages' spans."""

RESOLUTION_ID: Final = "resolution_id"
"""The resolution whose sources are recorded. Ours; on stages' spans."""

ENTITY_IDS: Final = "entity_ids"
"""The entities that are written or synced, each as ``kind/id``. Ours; on stages' spans."""

ITEM_IDS: Final = (SOURCE_ID, SCRAPE_ID, DOCUMENT_ID, EXTRACTION_ID, RESOLUTION_ID)
"""Those that hold one id: what an item is found by. Ours."""

# -- Attributes: OpenTelemetry's -------------------------------------------------------------------

MESSAGING_SYSTEM: Final = "messaging.system"
"""https://opentelemetry.io/docs/specs/semconv/registry/attributes/messaging/"""

CLOUD_TASKS: Final = "gcp_cloud_tasks"
"""Value of ``messaging.system``. The registry lists ``gcp_pubsub`` and no Cloud Tasks; where none
of its values applies it allows a custom one.

https://opentelemetry.io/docs/specs/semconv/registry/attributes/messaging/
"""

MESSAGING_OPERATION_NAME: Final = "messaging.operation.name"
"""https://opentelemetry.io/docs/specs/semconv/registry/attributes/messaging/"""

MESSAGING_OPERATION_TYPE: Final = "messaging.operation.type"
"""https://opentelemetry.io/docs/specs/semconv/registry/attributes/messaging/"""

MESSAGING_DESTINATION_NAME: Final = "messaging.destination.name"
"""The queue. https://opentelemetry.io/docs/specs/semconv/registry/attributes/messaging/"""

MESSAGING_MESSAGE_ID: Final = "messaging.message.id"
"""The task's id. https://opentelemetry.io/docs/specs/semconv/registry/attributes/messaging/"""

MESSAGING_MESSAGE_BODY_SIZE: Final = "messaging.message.body.size"
"""Bytes. https://opentelemetry.io/docs/specs/semconv/registry/attributes/messaging/"""

MESSAGING_BATCH_MESSAGE_COUNT: Final = "messaging.batch.message_count"
"""https://opentelemetry.io/docs/specs/semconv/registry/attributes/messaging/"""

FAAS_NAME: Final = "faas.name"
"""The function as deployed. https://opentelemetry.io/docs/specs/semconv/faas/faas-spans/"""

FAAS_TRIGGER: Final = "faas.trigger"
"""https://opentelemetry.io/docs/specs/semconv/faas/faas-spans/#function-trigger-type"""

FAAS_TRIGGER_PUBSUB: Final = "pubsub"
"""Value of ``faas.trigger``: run because a message was sent to a messaging system.

https://opentelemetry.io/docs/specs/semconv/faas/faas-spans/#function-trigger-type
"""

FAAS_COLDSTART: Final = "faas.coldstart"
"""Whether this is the process's first run.

https://opentelemetry.io/docs/specs/semconv/faas/faas-spans/
"""

ERROR_TYPE: Final = "error.type"
"""The exception's class, with its module unless built in; absent on success.

https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/
"""

ERROR_TYPE_OTHER: Final = "_OTHER"
"""Value of ``error.type`` for a failure without an exception, and of a label there are too many of.

https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/
"""

EXCEPTION: Final = "exception"
"""Name of the span event that holds an exception.

https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/
"""

EXCEPTION_TYPE: Final = "exception.type"
"""https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/"""

EXCEPTION_MESSAGE: Final = "exception.message"
"""https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/"""

EXCEPTION_STACKTRACE: Final = "exception.stacktrace"
"""https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/"""

# -- Attributes: Logfire's -------------------------------------------------------------------------

LOGFIRE_MESSAGE: Final = "logfire.msg"
"""What Logfire's live view shows for the span: the column ``message``.

https://logfire.pydantic.dev/docs/reference/sql/#message
"""

LOGFIRE_JSON_SCHEMA: Final = "logfire.json_schema"
"""Which attributes hold JSON text, so that Logfire reads them as objects and arrays.

https://logfire.pydantic.dev/docs/how-to-guides/alternative-clients/
"""

ATTRIBUTES: Final = frozenset(
    {
        STAGE,
        TASK_TYPE,
        SERVICE,
        OUTCOME,
        ATTEMPT,
        MAX_ATTEMPTS,
        CTX_ERROR,
        *ITEM_IDS,
        ENTITY_IDS,
        MESSAGING_SYSTEM,
        MESSAGING_OPERATION_NAME,
        MESSAGING_OPERATION_TYPE,
        MESSAGING_DESTINATION_NAME,
        MESSAGING_MESSAGE_ID,
        MESSAGING_MESSAGE_BODY_SIZE,
        MESSAGING_BATCH_MESSAGE_COUNT,
        FAAS_NAME,
        FAAS_TRIGGER,
        FAAS_COLDSTART,
        ERROR_TYPE,
        EXCEPTION_TYPE,
        EXCEPTION_MESSAGE,
        EXCEPTION_STACKTRACE,
        LOGFIRE_MESSAGE,
        LOGFIRE_JSON_SCHEMA,
    }
)
"""The keys above: what ``attributes->>'key'`` may ask for. Ours."""

# -- Outcomes --------------------------------------------------------------------------------------

SUCCEEDED: Final = "succeeded"
"""Outcome: the handler returned. Ours."""

FAILED: Final = "failed"
"""Outcome: the handler raised, and nobody said what happens next. Ours."""

RETRIED: Final = "retried"
"""Outcome: it failed and the queue will deliver the task again. Ours."""

DEAD_LETTERED: Final = "dead_lettered"
"""Outcome: it failed for good and is filed as a failed task. Ours."""

DUPLICATE: Final = "duplicate"
"""Outcome: the task had been done by an earlier delivery; nothing happened. Ours."""

OUTCOMES: Final = (SUCCEEDED, FAILED, RETRIED, DEAD_LETTERED, DUPLICATE)
"""All there are. Ours."""

# -- Metrics ---------------------------------------------------------------------------------------

TASK_SUCCEEDED: Final = "task_succeeded"
"""The planning document's name (6.1)."""

TASK_FAILED: Final = "task_failed"
"""The planning document's name (6.1)."""

PROCESSING_DURATION_MS: Final = "processing_duration_ms"
"""The planning document's name (6.1)."""

MESSAGING_PROCESS_DURATION: Final = "messaging.process.duration"
"""https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/"""

SCRAPES_CREATED: Final = "scrapes_created"
"""The planning document's name (6.1)."""

EXTRACTIONS_CREATED: Final = "extractions_created"
"""The planning document's name (6.1)."""

ENTITIES_RESOLVED: Final = "entities_resolved"
"""The planning document's name (6.1)."""

TASKS_DISPATCHED: Final = "tasks_dispatched"
"""Ours: what was handed to a queue, to compare with what came out of it."""

TASKS_DEAD_LETTERED: Final = "tasks_dead_lettered"
"""Ours: what the planning document's alert on the dead-letter queue counts (6.4)."""

FAILED_TASKS_RETRIED: Final = "failed_tasks_retried"
"""Ours: what operators sent again."""

FAILED_TASKS_RESOLVED: Final = "failed_tasks_resolved"
"""Ours: failed tasks that a retry brought to an end, or an operator."""

FAILED_TASKS_OLDEST_AGE: Final = "failed_tasks_oldest_age"
"""Ours: how long the one that waits longest has waited."""


def found_metric(entity: str) -> str:
    """Name the counter of entities matched to existing ones: ``venues_found``."""
    return f"{entity}_found"


def created_metric(entity: str) -> str:
    """Name the counter of new entities: ``venues_created``."""
    return f"{entity}_created"
