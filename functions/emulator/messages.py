"""The protobuf messages of Cloud Tasks v2, as the emulator handles them: without proto-plus.

``google.cloud.tasks_v2`` wraps each message in a proto-plus class; the raw class under it is an
order of magnitude quicker to read and write, and is the same on the wire.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from google.longrunning.operations_pb2 import GetOperationRequest, Operation
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

_PACKAGE = "google.cloud.tasks_v2"


class _LazyPackage(ModuleType):
    """Stand for a package and run its ``__init__`` only when something of it is asked for."""

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__(spec.name)
        self.__spec__ = spec
        self.__loader__ = spec.loader
        self.__package__ = spec.name
        self.__file__ = spec.origin
        self.__path__ = list(spec.submodule_search_locations or ())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment]  # an ordinary package from now on
        loader = None if self.__spec__ is None else self.__spec__.loader
        if loader is not None:
            loader.exec_module(self)
        return getattr(self, name)


def _import_types() -> ModuleType:
    """Import the message types without the client, which takes twice as long as all the rest."""
    if _PACKAGE not in sys.modules:
        spec = importlib.util.find_spec(_PACKAGE)
        if spec is not None:
            sys.modules[_PACKAGE] = _LazyPackage(spec)
    return importlib.import_module(f"{_PACKAGE}.types")


_types = _import_types()

# The raw classes carry no types of their own.
UriOverride: Any = _types.UriOverride.pb()
BatchCreateTasksMetadata: Any = _types.BatchCreateTasksMetadata.pb()
BatchCreateTasksRequest: Any = _types.BatchCreateTasksRequest.pb()
BatchCreateTasksResponse: Any = _types.BatchCreateTasksResponse.pb()
CreateQueueRequest: Any = _types.CreateQueueRequest.pb()
CreateTaskRequest: Any = _types.CreateTaskRequest.pb()
DeleteTaskRequest: Any = _types.DeleteTaskRequest.pb()
GetQueueRequest: Any = _types.GetQueueRequest.pb()
GetTaskRequest: Any = _types.GetTaskRequest.pb()
ListQueuesRequest: Any = _types.ListQueuesRequest.pb()
ListQueuesResponse: Any = _types.ListQueuesResponse.pb()
ListTasksRequest: Any = _types.ListTasksRequest.pb()
ListTasksResponse: Any = _types.ListTasksResponse.pb()
Queue: Any = _types.Queue.pb()
RateLimits: Any = _types.RateLimits.pb()
RetryConfig: Any = _types.RetryConfig.pb()
Task: Any = _types.Task.pb()
UpdateQueueRequest: Any = _types.UpdateQueueRequest.pb()

# The enumerations.
BatchState: Any = _types.BatchCreateTasksMetadata.State
HttpMethod: Any = _types.HttpMethod
QueueState: Any = _types.Queue.State
TaskView: Any = _types.Task.View

__all__ = [
    "AnyMessage",
    "BatchCreateTasksMetadata",
    "BatchCreateTasksRequest",
    "BatchCreateTasksResponse",
    "BatchState",
    "CreateQueueRequest",
    "CreateTaskRequest",
    "DeleteTaskRequest",
    "Empty",
    "GetOperationRequest",
    "GetQueueRequest",
    "GetTaskRequest",
    "HttpMethod",
    "ListQueuesRequest",
    "ListQueuesResponse",
    "ListTasksRequest",
    "ListTasksResponse",
    "Operation",
    "Queue",
    "QueueState",
    "RateLimits",
    "RetryConfig",
    "Task",
    "TaskView",
    "UpdateQueueRequest",
]
