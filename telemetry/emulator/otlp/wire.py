"""The OTLP messages, with what repeats from span to span left as bytes.

Most attributes of a body are the same in span after span. The official messages parse each one
anew, and Python then asks four objects about each. A field of type message and one of type bytes
look the same on the wire (https://protobuf.dev/programming-guides/encoding/), so the messages here
are the official ones with ``repeated KeyValue`` and ``Status`` read as bytes: parsing a body takes
a third of the time, and whoever needs what is inside looks it up by its bytes.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from telemetry.errors import InvalidPayload

_UNPARSED: Final = frozenset(
    {".opentelemetry.proto.common.v1.KeyValue", ".opentelemetry.proto.trace.v1.Status"}
)

_FILES: Final = (
    common_pb2,
    resource_pb2,
    trace_pb2,
    trace_service_pb2,
    logs_pb2,
    logs_service_pb2,
    metrics_pb2,
    metrics_service_pb2,
)
"""Each after those it imports."""


def _leave_unparsed(message: Any) -> None:
    if message.name == "KeyValueList":  # a value: whoever asks for it wants all of it
        return
    for field in message.field:
        if field.type_name in _UNPARSED:
            field.type = field.TYPE_BYTES
            field.ClearField("type_name")
    for nested in message.nested_type:
        _leave_unparsed(nested)


def _build_pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for module in _FILES:
        file = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        for message in file.message_type:
            _leave_unparsed(message)
        pool.AddSerializedFile(file.SerializeToString())
    return pool


def _message_class(full_name: str) -> Any:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(full_name))


_POOL: Final = _build_pool()
_SERVICES: Final = "opentelemetry.proto.collector"

TRACES: Final = _message_class(f"{_SERVICES}.trace.v1.ExportTraceServiceRequest")
LOGS: Final = _message_class(f"{_SERVICES}.logs.v1.ExportLogsServiceRequest")
METRICS: Final = _message_class(f"{_SERVICES}.metrics.v1.ExportMetricsServiceRequest")


def parse(message: Any, data: bytes) -> Any:
    """Parse bytes as a message of the class given.

    Raises:
        InvalidPayload: They are none, or nest deeper than protobuf allows (100 levels).
    """
    try:
        return message.FromString(data)
    except DecodeError as error:
        raise InvalidPayload(f"not a valid {message.DESCRIPTOR.name}: {error}") from error


def parse_request(message: Any, body: bytes) -> Any:
    """Parse the body of a request.

    Raises:
        InvalidPayload: It is no such message. Protobuf skips fields it does not know, so bytes
            may be valid and still hold nothing; that is refused too, unless the body is empty.
    """
    request = parse(message, body)
    if body and not request.ListFields():
        raise InvalidPayload(
            f"not a valid {message.DESCRIPTOR.name}: {len(body)} bytes, and none of its fields"
        )
    return request
