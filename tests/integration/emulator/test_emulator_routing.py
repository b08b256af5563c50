from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions
from google.cloud import tasks_v2

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator_harness import Target

Scheme = tasks_v2.UriOverride.Scheme
Mode = tasks_v2.UriOverride.UriOverrideEnforceMode


def route(client: tasks_v2.CloudTasksClient, name: str, **override: object) -> tasks_v2.Queue:
    target = tasks_v2.HttpTarget(uri_override=tasks_v2.UriOverride(**override))
    queue = tasks_v2.Queue(name=name, http_target=target)
    return client.create_queue(parent=name.partition("/queues/")[0], queue=queue)


def send(client: tasks_v2.CloudTasksClient, queue: str, url: str) -> None:
    client.create_task(parent=queue, task={"http_request": {"url": url}})


def test_tasks_go_where_their_queue_is_routed_whatever_host_they_were_made_for(
    client: tasks_v2.CloudTasksClient, new_name: Callable[[], str], target: Target
) -> None:
    port = int(target.url.rpartition(":")[2])
    queue = route(client, new_name(), scheme=Scheme.HTTP, host="127.0.0.1", port=port)

    send(client, queue.name, "https://functions.example/dpl_source_listings?x=1")

    (arrival,) = target.wait_for(1)
    assert "/dpl_source_listings?x=1" == arrival.path
    assert "127.0.0.1" == client.get_queue(name=queue.name).http_target.uri_override.host


def test_a_queue_routed_anew_sends_what_waits_there_too(
    client: tasks_v2.CloudTasksClient, new_name: Callable[[], str], target: Target
) -> None:
    name = new_name()
    route(client, name, host="127.0.0.1", port=9, scheme=Scheme.HTTP)
    send(client, name, f"{target.url}/late")
    port = int(target.url.rpartition(":")[2])
    override = tasks_v2.UriOverride(host="127.0.0.1", port=port)
    client.update_queue(
        queue=tasks_v2.Queue(name=name, http_target=tasks_v2.HttpTarget(uri_override=override))
    )

    assert "/late" == target.wait_for(1)[0].path


def test_path_and_query_can_be_routed_too(
    client: tasks_v2.CloudTasksClient, new_name: Callable[[], str], target: Target
) -> None:
    queue = route(
        client,
        new_name(),
        path_override=tasks_v2.PathOverride(path="/other"),
        query_override=tasks_v2.QueryOverride(query_params="y=2"),
    )

    send(client, queue.name, f"{target.url}/run?x=1")

    assert "/other?y=2" == target.wait_for(1)[0].path


def test_an_override_for_tasks_without_a_url_never_applies(
    client: tasks_v2.CloudTasksClient, new_name: Callable[[], str], target: Target
) -> None:
    queue = route(
        client, new_name(), host="x.example", uri_override_enforce_mode=Mode.IF_NOT_EXISTS
    )

    send(client, queue.name, f"{target.url}/mine")

    assert "/mine" == target.wait_for(1)[0].path


@pytest.mark.parametrize("host", ["a.example/path", "user@a.example", "a.example:80", "a b", "["])
def test_a_host_that_is_more_or_less_than_one_is_refused(
    client: tasks_v2.CloudTasksClient, new_name: Callable[[], str], host: str
) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="host"):
        route(client, new_name(), host=host)


def test_a_setting_that_is_not_built_is_refused_by_name(
    client: tasks_v2.CloudTasksClient, new_name: Callable[[], str]
) -> None:
    name = new_name()
    target = tasks_v2.HttpTarget(oidc_token=tasks_v2.OidcToken(service_account_email="a@b.example"))

    with pytest.raises(exceptions.MethodNotImplemented, match=r"http_target\.oidc_token"):
        client.create_queue(
            parent=name.partition("/queues/")[0],
            queue=tasks_v2.Queue(name=name, http_target=target),
        )
