"""Who gets in behind Identity-Aware Proxy: whoever its signed header names, and nobody else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from admin_client import ORIGIN, Admin, file_many
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.auth import crypt, jwt

from functions.admin import AdminSettings, IapIdentity
from functions.admin.iap import HEADER
from functions.errors import AdminUnprotected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from toy_world import World

AUDIENCE = "/projects/1/global/backendServices/2"


@dataclass
class Google:
    """Sign headers, and publish the keys that verify them."""

    url: str = ""
    keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    asked: int = 0
    status: int = 200

    def add_key(self, name: str) -> None:
        self.keys[name] = ec.generate_private_key(ec.SECP256R1())

    def publish(self) -> bytes:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        pem = serialization.Encoding.PEM
        return json.dumps(
            {
                name: key.public_key().public_bytes(pem, form).decode()
                for name, key in self.keys.items()
            }
        ).encode()

    def sign(
        self,
        key: str = "k1",
        *,
        header: dict[str, Any] | None = None,
        key_id: str | None = "",
        **claims: Any,
    ) -> str:
        pem = self.keys[key].private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        now = int(time.time())
        said = {
            "iss": "https://cloud.google.com/iap",
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 600,
            "sub": "accounts.google.com:1",
            "email": "ann@example.com",
            "hd": "example.com",
        } | claims
        said = {name: value for name, value in said.items() if value is not None}
        signer = crypt.ES256Signer.from_string(pem, key_id=key if key_id == "" else key_id)
        return jwt.encode(signer, said, header=header).decode()


@pytest.fixture
def google() -> Iterator[Google]:
    made = Google()
    made.add_key("k1")

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked += 1
            self.send_response(made.status)
            self.end_headers()
            self.wfile.write(made.publish())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}/keys"
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def behind(google: Google, world: World) -> Callable[..., Admin]:
    """Give what opens the pages behind the proxy."""

    def open_pages(token: str = "", **settings: str) -> Admin:
        said = {"operators": "ann@example.com", "viewers": "@example.com"} | settings
        identity = IapIdentity(
            AdminSettings(iap_audience=AUDIENCE, iap_keys_url=google.url, **said)
        )
        return Admin(world, identity, headers={HEADER: token} if token else {})

    return open_pages


def test_the_signed_header_says_who_acts(
    google: Google, behind: Callable[..., Admin], world: World
) -> None:
    file_many(world, 1)
    admin = behind(google.sign())

    assert "ann@example.com: operator" in admin.page("/failed-tasks").text_content()
    assert 303 == admin.post("/failed-tasks/tasks/t0/resolve", note="done").status_code
    assert "ann@example.com" == admin.data("t0")["resolved_by"]
    assert 1 == google.asked


def test_any_name_of_the_pages_is_answered_where_the_proxy_vouches(
    google: Google, behind: Callable[..., Admin]
) -> None:
    answer = behind(google.sign()).send(
        "GET", "/failed-tasks", headers={"Host": "failed.example.com"}
    )

    assert 200 == answer.status_code


def unsigned(google: Google) -> str:
    claims = google.sign().split(".")[1]
    none = base64.urlsafe_b64encode(b'{"alg": "none", "kid": "k1"}').rstrip(b"=").decode()
    return f"{none}.{claims}."


def hashed_with_the_public_key(google: Google) -> str:
    claims = google.sign().split(".")[1]
    head = base64.urlsafe_b64encode(b'{"alg": "HS256", "kid": "k1"}').rstrip(b"=").decode()
    key = json.loads(google.publish())["k1"].encode()
    signed = hmac.new(key, f"{head}.{claims}".encode(), hashlib.sha256).digest()
    return f"{head}.{claims}.{base64.urlsafe_b64encode(signed).rstrip(b'=').decode()}"


def changed(google: Google) -> str:
    head, claims, signature = google.sign(email="eve@evil.example").split(".")
    mine = google.sign().split(".")[1]
    assert mine != claims
    return f"{head}.{mine}.{signature}"


def of_another_key(google: Google) -> str:
    other = Google()
    other.add_key("k1")
    return other.sign()


@pytest.mark.parametrize(
    "forge",
    [
        unsigned,
        hashed_with_the_public_key,
        changed,
        of_another_key,
        lambda google: google.sign(aud="/projects/1/global/backendServices/3"),
        lambda google: google.sign(aud=None),
        lambda google: google.sign(aud=[AUDIENCE]),
        lambda google: google.sign(iss="https://accounts.google.com"),
        lambda google: google.sign(iss=None),
        lambda google: google.sign(exp=int(time.time()) - 120),
        lambda google: google.sign(exp=None),
        lambda google: google.sign(exp="never"),
        lambda google: google.sign(iat=int(time.time()) + 120),
        lambda google: google.sign(email=None),
        lambda google: google.sign(email=["ann@example.com"]),
        lambda google: google.sign(sub=None),
        lambda google: google.sign(header={"alg": "RS256"}),
        lambda google: google.sign(key_id=None),
        lambda google: google.sign() + "x" * 10_000,
        lambda _: "a.b.c",
        lambda _: "....",
        lambda _: "W10.W10.W10",
        lambda _: "bnVsbA.e30.e30",
        lambda _: " ",
    ],
)
def test_what_google_did_not_sign_for_these_pages_lets_nobody_in(
    google: Google, behind: Callable[..., Admin], world: World, forge: Callable[[Google], str]
) -> None:
    file_many(world, 1)
    admin = behind(forge(google))

    for path in (
        "/failed-tasks",
        "/failed-tasks/tasks/t0",
        "/failed-tasks.json",
        "/api/failed-tasks",
    ):
        answer = admin.get(path)
        assert (401, False) == (answer.status_code, "the handler broke" in answer.text)
    answer = admin.send("POST", "/failed-tasks/tasks/t0/retry")
    assert (401, {}) == (answer.status_code, world.queue.tasks)


def test_a_clock_may_differ_a_little(google: Google, behind: Callable[..., Admin]) -> None:
    now = int(time.time())

    assert 200 == behind(google.sign(exp=now - 5)).get("/failed-tasks").status_code
    assert 200 == behind(google.sign(iat=now + 5)).get("/failed-tasks").status_code


def test_the_header_that_nobody_signs_is_not_believed(behind: Callable[..., Admin]) -> None:
    headers = {
        "x-goog-authenticated-user-email": "accounts.google.com:ann@example.com",
        "x-goog-authenticated-user-id": "accounts.google.com:1",
    }

    assert 401 == behind().send("GET", "/failed-tasks", headers=headers).status_code


def test_two_headers_are_none(google: Google, behind: Callable[..., Admin], world: World) -> None:
    admin = behind()
    headers = [(HEADER, google.sign()), (HEADER, google.sign())]

    admin.headers = {}
    assert 401 == admin.send_raw("GET", "/failed-tasks", headers).status_code


def test_a_new_key_is_fetched_and_at_most_once_a_minute(
    google: Google, behind: Callable[..., Admin], monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = behind(google.sign())
    assert 200 == admin.get("/failed-tasks").status_code
    google.add_key("k2")
    admin.headers = {HEADER: google.sign("k2")}

    assert (401, 1) == (admin.get("/failed-tasks").status_code, google.asked)
    later = time.monotonic() + 61
    monkeypatch.setattr("functions.admin.iap_keys.time.monotonic", lambda: later)
    assert (200, 2) == (admin.get("/failed-tasks").status_code, google.asked)
    admin.headers = {HEADER: of_another_key(google).replace("k1", "k9")}
    for _ in range(5):
        assert 401 == admin.get("/failed-tasks").status_code
    assert 2 == google.asked


def test_a_key_that_google_took_back_is_believed_no_longer(
    google: Google, behind: Callable[..., Admin], monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = behind(google.sign())
    assert 200 == admin.get("/failed-tasks").status_code
    del google.keys["k1"]
    google.add_key("k2")

    later = time.monotonic() + 3_700
    monkeypatch.setattr("functions.admin.iap_keys.time.monotonic", lambda: later)
    assert 401 == admin.get("/failed-tasks").status_code


def test_keys_that_cannot_be_fetched_are_no_way_in(
    google: Google, behind: Callable[..., Admin]
) -> None:
    google.status = 500
    answer = behind(google.sign()).get("/failed-tasks")

    assert (503, True) == (answer.status_code, "cannot be fetched" in answer.text)


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 200),
        ({"email": "bob@example.com"}, 200),
        # An address at the domain is none of the Workspace's accounts.
        ({"email": "bob@example.com", "hd": None}, 403),
        ({"email": "bob@example.com", "hd": "evil.example"}, 403),
        ({"email": "bob@notexample.com", "hd": "notexample.com"}, 403),
        ({"email": "ANN@Example.com", "hd": None}, 200),
    ],
)
def test_roles_are_of_accounts_and_of_domains(
    google: Google, behind: Callable[..., Admin], claims: dict[str, Any], status: int
) -> None:
    assert status == behind(google.sign(**claims)).get("/failed-tasks").status_code


def test_a_viewer_has_no_buttons_and_may_not_act(
    google: Google, behind: Callable[..., Admin], world: World
) -> None:
    file_many(world, 1)
    operator, viewer = behind(google.sign()), behind(google.sign(email="bob@example.com", sub="2"))
    paths = ["/failed-tasks", "/failed-tasks/tasks/t0", "/trigger?stage=toy"]
    paths.append("/failed-tasks/bulk?action=retry")

    for path in paths:
        assert operator.page(path).xpath("//form[@method='post']//button"), path
        assert [] == viewer.page(path).xpath("//form[@method='post']//button"), path
    token = {"form_token": viewer.form_token()}
    for path in (
        "/tasks/t0/retry",
        "/tasks/t0/resolve",
        "/tasks/t0/retry-edited",
        "/bulk",
        "/chosen",
    ):
        answer = viewer.send("POST", f"/failed-tasks{path}", data=token, headers={"Origin": ORIGIN})
        assert 403 == answer.status_code, path
    assert 403 == viewer.send("POST", "/trigger", data=token).status_code
    assert 403 == viewer.call("POST", "/failed-tasks/t0/retry", {}).status_code
    assert ("failed", {}) == (admin_status(viewer), world.queue.tasks)


def admin_status(admin: Admin) -> str:
    return str(admin.data("t0")["status"])


@pytest.mark.parametrize(
    "settings",
    [
        {"iap_audience": "", "operators": "ann@example.com"},
        {"iap_audience": AUDIENCE},
        {"iap_audience": AUDIENCE, "operators": "everybody"},
    ],
)
def test_nothing_is_served_to_whoever_asks(settings: dict[str, str]) -> None:
    with pytest.raises(AdminUnprotected):
        IapIdentity(AdminSettings(**settings))
