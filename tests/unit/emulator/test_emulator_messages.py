from __future__ import annotations

from google.cloud import tasks_v2

from functions.emulator import messages


def test_the_messages_are_the_clients_own() -> None:
    assert tasks_v2.Task.pb() is messages.Task
    assert tasks_v2.CreateTaskRequest.pb() is messages.CreateTaskRequest
    assert tasks_v2.HttpMethod is messages.HttpMethod


def test_the_client_is_whole_after_its_messages_were_imported_alone() -> None:
    assert tasks_v2.CloudTasksClient.__module__.startswith("google.cloud.tasks_v2.")
    assert tasks_v2.types.Task is tasks_v2.Task
    assert tasks_v2.__file__.endswith("__init__.py")
