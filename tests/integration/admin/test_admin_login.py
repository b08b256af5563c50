"""Coming in on a laptop, and what is sent by somebody else's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from admin_client import TOKEN, Admin, file_many

from functions.admin import LocalIdentity

if TYPE_CHECKING:
    from toy_world import World


def test_the_token_is_exchanged_for_a_cookie_that_no_script_and_no_site_gets(world: World) -> None:
    admin = Admin(world)
    assert 401 == admin.get("/failed-tasks").status_code
    assert TOKEN not in admin.get("/failed-tasks").text

    answer = admin.send("GET", f"/login?token={TOKEN}")
    assert (303, "/") == (answer.status_code, answer.headers["location"])
    cookie = answer.headers["set-cookie"].lower()
    assert all(each in cookie for each in ("httponly", "samesite=strict", "path=/"))
    assert TOKEN not in cookie
    assert 200 == admin.get("/failed-tasks").status_code


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "ü", "%00", "%ff"])
def test_another_token_lets_nobody_in(world: World, token: str) -> None:
    admin = Admin(world)

    assert 401 == admin.send("GET", f"/login?token={token}").status_code
    assert 401 == admin.send("POST", "/login", data={"token": token}).status_code
    bearer = {"Authorization": f"Bearer {token}".encode()}
    assert 401 == admin.send("GET", "/api/failed-tasks", headers=bearer).status_code
    assert {} == admin.cookies
    admin.cookies = {"mystage-8642": "x"}
    assert 401 == admin.get("/failed-tasks").status_code


def test_the_token_lets_nobody_in_from_another_machine(world: World) -> None:
    admin = Admin(world).come_in()

    for path in ("/failed-tasks", f"/login?token={TOKEN}", "/api/failed-tasks"):
        assert 403 == admin.send("GET", path, client=("192.0.2.1", 50_000)).status_code
    answer = admin.send("GET", "/failed-tasks", headers={"Host": "evil.example"})
    assert 400 == answer.status_code


def test_a_form_that_is_not_the_pages_own_is_refused(admin: Admin, world: World) -> None:
    file_many(world, 1)
    path, token = "/failed-tasks/tasks/t0/retry", admin.form_token()
    other = Admin(world, admin.identity).come_in()
    sent = [
        admin.send("POST", path),
        admin.send("POST", path, data={"form_token": ""}),
        admin.send("POST", path, data={"form_token": other.form_token()}),
        admin.send(
            "POST", path, data={"form_token": token}, headers={"Origin": "https://evil.example"}
        ),
        admin.send("POST", path, data={"form_token": token}, headers={"Origin": "null"}),
        admin.send(
            "POST", path, data={"form_token": token}, headers={"Sec-Fetch-Site": "cross-site"}
        ),
    ]

    assert [403] * 6 == [each.status_code for each in sent]
    assert ("failed", {}) == (admin.data("t0")["status"], world.queue.tasks)
    # A link to an action does nothing.
    assert 405 == admin.get(path).status_code


def test_bodies_that_are_too_long_or_no_form_are_refused(admin: Admin, world: World) -> None:
    file_many(world, 1)
    path = "/failed-tasks/tasks/t0/retry"

    assert 413 == admin.send("POST", path, content=b"x" * 300_000).status_code
    edited = "/failed-tasks/tasks/t0/retry-edited"
    assert 413 == admin.send("POST", edited, content=b"x" * 4_000_000).status_code
    assert 415 == admin.send("POST", path, content=b"{}").status_code
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert 400 == admin.send("POST", path, content=b"\xff\xfe=%", headers=form).status_code
    assert 400 == admin.send("POST", path, content=b"a=1&" * 1_000, headers=form).status_code


def test_a_token_of_ones_own_cannot_be_guessed() -> None:
    assert LocalIdentity().token != LocalIdentity().token
    assert 43 <= len(LocalIdentity().token)
