"""Requests to Logfire's management API: paced, bounded, tried again where that is safe."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar

import requests
from requests.auth import AuthBase

from telemetry.errors import RequestRefused, ServiceUnreachable
from telemetry.sync.pacing import LOGFIRE_LIMITS, Pacer
from telemetry.sync.waiting import RETRIABLE, Backoff, parse_retry_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
T = TypeVar("T")
R = TypeVar("R")

_THREADS: Final = 8
_CONNECT_SECONDS: Final = 5.0
_READ_SECONDS: Final = 30.0
_ANSWER_SECONDS: Final = 60.0
"""For the whole of an answer, however steadily it drips."""
_MOST_BYTES: Final = 32 << 20
_CHUNK: Final = 1 << 16
_MOST_TOLD: Final = 300
"""Characters of what a server says, in our messages."""
_SHORTEST_SECRET: Final = 8
"""Characters: what is shorter is a common word's part as well."""
_PART: Final = re.compile(r"[/?&=#]+")
_FIELD: Final = re.compile(r"[a-z_0-9.]{1,60}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")

_CONFLICT: Final = 409
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500
_REDIRECT: Final = range(300, 400)
_DENIED: Final = frozenset({401, 403})
NOT_FOUND: Final = 404
NO_METHOD: Final = 405


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold an answer.

    Attributes:
        status: Of HTTP.
        body: The JSON; None where there is none.
        release: What the server says its release is; "" where it does not.
    """

    status: int
    body: Any
    release: str = ""


class _Failed(Exception):  # noqa: N818 - never leaves this module
    """Say that a request may do better the next time.

    Args:
        reason: What happened.
        retry_after: Seconds, where the server said so.
        refused: Whether it was certainly not done.
    """

    def __init__(
        self, reason: str, *, retry_after: float | None = None, refused: bool = False
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.refused = refused


class _Bearer(AuthBase):
    """Send the key, whatever a ``.netrc`` says about the host."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class Api:
    """Make requests; may be used from any thread.

    Args:
        url: Where the API is, without a path.
        key: What it lets in.
        limits: How many requests may be made in how many seconds.
        backoff: Says when it may be made again.
        sleep: Waits for seconds; by default until the client is closed at most.
        direct: Whether to pass over proxies, as for this machine.
    """

    def __init__(  # noqa: PLR0913 - each is one thing that a test replaces
        self,
        url: str,
        key: str,
        *,
        limits: Sequence[tuple[int, float]] = LOGFIRE_LIMITS,
        backoff: Backoff | None = None,
        sleep: Callable[[float], object] | None = None,
        direct: bool = False,
    ) -> None:
        self.url = url.rstrip("/")
        self._auth = _Bearer(key)
        self._closed = threading.Event()
        self._sleep = sleep or self._rest
        self._pacer = Pacer(limits, sleep=self._sleep)
        self._backoff = backoff or Backoff()
        self._direct = direct
        self._concealed: tuple[str, ...] = (key,) if len(key) >= _SHORTEST_SECRET else ()
        self._secrets: tuple[str, ...] = ()
        self._sessions: list[requests.Session] = []
        self._own = threading.local()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="mystage-sync")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections; who waits for a better moment waits no longer."""
        self._closed.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for session in self._sessions:
            session.close()

    def conceal(self, secrets: Iterable[str]) -> None:
        """Keep secrets out of messages, also where the server repeats them, whole or in parts."""
        secrets = tuple(secrets)
        self._secrets = tuple({*self._secrets, *filter(None, secrets)})
        parts = {part for secret in secrets for part in (secret, *_PART.split(secret))}
        known = {part for part in parts if len(part) >= _SHORTEST_SECRET}
        # The longest first: a part must not break up what it is part of.
        self._concealed = tuple(sorted({*self._concealed, *known}, key=len, reverse=True))

    def get(self, path: str) -> Answer:
        """Return what is at a path.

        Raises:
            RequestRefused: The server says no; ``status`` tells why.
            ServiceUnreachable: It does not answer sensibly.
        """
        return self._repeat("GET", path, None)

    def change(self, method: Method, path: str, body: Any = None) -> Answer:
        """Change or delete an object, which does no harm if it is done twice.

        Raises:
            RequestRefused: The server says no.
            ServiceUnreachable: It does not answer sensibly.
        """
        return self._repeat(method, path, body)

    def create(self, path: str, body: Any, look: Callable[[], T | None]) -> Answer | T:
        """Create an object, and never a second one.

        Args:
            path: Of the collection.
            body: The object.
            look: Finds the object by its identity; None if it is not there.

        Returns:
            The answer; or what ``look`` found, if an attempt of ours or somebody else was first.

        Raises:
            RequestRefused: The server says no.
            ServiceUnreachable: It does not answer sensibly.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._request("POST", path, body)
            except RequestRefused as error:
                found = look() if error.status == _CONFLICT else None
                if found is None:
                    raise
                return found
            except _Failed as error:
                self._wait("POST", path, attempt, error)
                found = None if error.refused else look()
                if found is not None:
                    return found

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Give the results of several requests at once, in the order of ``items``.

        The first error ends it; what has not begun then does not begin.
        """
        futures = [self._pool.submit(work, item) for item in items]
        try:
            for future in futures:
                yield future.result()
        finally:
            for future in futures:
                future.cancel()

    def _repeat(self, method: Method, path: str, body: Any) -> Answer:
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._request(method, path, body)
            except _Failed as error:
                self._wait(method, path, attempt, error)
            except RequestRefused as error:
                if method == "DELETE" and attempt > 1 and error.status == NOT_FOUND:
                    return Answer(error.status, None)  # an attempt before has done it
                raise

    def _rest(self, seconds: float) -> None:
        if self._closed.wait(seconds):
            raise ServiceUnreachable(f"{self.url}: stopped while waiting for it")

    def _wait(self, method: Method, path: str, attempt: int, failed: _Failed) -> None:
        seconds = self._backoff.seconds(attempt, failed.retry_after)
        if seconds is None:
            times = f", {attempt} times" if attempt > 1 else ""
            later = ""
            if failed.retry_after:
                later = f". It says to come back in {failed.retry_after:.0f} s"
            raise ServiceUnreachable(
                f"{self.url} failed{times}, at {method} {path}: {failed}{later}"
            ) from failed
        self._sleep(seconds)

    def _request(self, method: Method, path: str, body: Any) -> Answer:
        self._pacer.wait()
        try:
            with contextlib.closing(
                self._session().request(
                    method,
                    f"{self.url}{path}",
                    data=None if body is None else json.dumps(body).encode(),
                    timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                    allow_redirects=False,
                    stream=True,
                )
            ) as response:
                content = self._read(response)
        except requests.RequestException as error:
            raise _Failed(_reason(error), refused=_never_sent(error)) from error
        return self._judge(method, path, response, content)

    def _read(self, response: requests.Response) -> bytes:
        content = bytearray()
        deadline = time.monotonic() + _ANSWER_SECONDS
        for chunk in response.iter_content(_CHUNK):
            content += chunk
            if len(content) > _MOST_BYTES:
                raise ServiceUnreachable(
                    f"{self.url} answers with more than {_MOST_BYTES >> 20} MiB: is Logfire there?"
                )
            if time.monotonic() > deadline:
                raise _Failed(f"its answer takes more than {_ANSWER_SECONDS:.0f} s")
        return bytes(content)

    def _judge(
        self, method: Method, path: str, response: requests.Response, content: bytes
    ) -> Answer:
        status = response.status_code
        if response.ok and status not in _REDIRECT:
            release = response.headers.get("Logfire-Version", "")
            return Answer(status, self._parse(method, path, content), _plain(release))
        said = _where(content) if self._concealed_in(response) else _said(content, self._concealed)
        if status in RETRIABLE or status >= _SERVER_ERROR:
            raise _Failed(
                f"HTTP {status}{said}",
                retry_after=parse_retry_after(response.headers.get("Retry-After")),
                refused=status == _TOO_MANY,
            )
        if status in _REDIRECT:
            raise ServiceUnreachable(
                f"{self.url} sends elsewhere (HTTP {status}): give the API's own address with --url"
            )
        message = f"{self.url} refuses {method} {path}: HTTP {status}{said}"
        if status in _DENIED:
            message += ". Does the key belong to it, and may it do this?"
        release = _plain(response.headers.get("Logfire-Version", ""))
        raise RequestRefused(message, status=status, release=release)

    def _concealed_in(self, response: requests.Response) -> bool:
        """Say whether what was sent had a secret in it.

        A server that repeats it may spell it otherwise, or cut it off: none of its words are told.
        """
        sent = response.request.body or b""
        text = sent if isinstance(sent, str) else bytes(sent).decode("utf-8", "replace")
        # The key is in no body; what is, is a channel's, as JSON has it.
        return any(json.dumps(secret)[1:-1] in text for secret in self._secrets)

    def _parse(self, method: Method, path: str, content: bytes) -> Any:
        if not content.strip():
            return None
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ServiceUnreachable(
                f"{self.url} answers {method} {path} with no JSON: is Logfire there?"
            ) from error

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._own, "session", None)
        if session is None:
            session = requests.Session()
            session.auth = self._auth
            session.trust_env = not self._direct
            session.headers.update(
                {"Accept": "application/json", "Content-Type": "application/json"}
            )
            self._own.session = session
            self._sessions.append(session)
        return session


def _never_sent(error: requests.RequestException) -> bool:
    return isinstance(error, requests.ConnectTimeout)


def _reason(error: requests.RequestException) -> str:
    """Return in a few words what went wrong with a connection."""
    if isinstance(error, requests.Timeout):
        return "it does not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    text = str(error)
    if "refused" in text:
        return "nothing listens there"
    if "resolve" in text or "getaddrinfo" in text:
        return "there is no such host"
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return "the connection was cut"
    return type(error).__name__


def _where(content: bytes) -> str:
    """Return which fields an error's body names, and nothing else that it says."""
    try:
        detail = json.loads(content)["detail"]
        fields = {".".join(map(str, each["loc"])) for each in detail}
    except (ValueError, RecursionError, KeyError, TypeError):
        return ""
    named = sorted(each for each in fields if _FIELD.fullmatch(each))
    return f", at {', '.join(named)}" if named else ""


def _said(content: bytes, concealed: Iterable[str]) -> str:
    """Return what an error's body says, in one bounded line that steers no terminal."""
    text = content.decode("utf-8", "replace")
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        data = text if not text.lstrip().startswith("<") else ""
    if isinstance(data, dict):
        data = data.get("detail", data.get("message", data.get("error", data)))
    if not isinstance(data, str):
        data = json.dumps(data, ensure_ascii=False)
    for secret in concealed:
        data = data.replace(secret, "***")
    data = _plain(data)
    return f", {data[:_MOST_TOLD]}" if data else ""


def _plain(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()
