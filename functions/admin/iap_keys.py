"""The public keys of Identity-Aware Proxy, which Google changes now and then."""

from __future__ import annotations

import threading
import time
from typing import Final

import requests
from pydantic import TypeAdapter, ValidationError

from functions.errors import IdentityUnavailable, Unidentified

_SOONEST: Final = 60.0
"""Seconds between two fetches: anybody can name a key that does not exist."""

_KEPT: Final = 3_600.0
"""Seconds after which keys are fetched again: what Google takes back is believed no longer."""

_LONGEST: Final = 86_400.0
"""Seconds that they are used for where they cannot be fetched again."""

_MOST_BYTES: Final = 1_000_000
_KEYS: Final = TypeAdapter(dict[str, str])


class IapKeys:
    """Keep the keys. Safe to share between threads.

    Args:
        url: Where they are: a JSON object of PEM by id.
        timeout: Seconds without a word after which that place counts as down.
    """

    def __init__(self, url: str, *, timeout: float) -> None:
        self._url = url
        self._timeout = timeout
        self._lock = threading.Lock()
        self._keys: dict[str, str] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._problem = ""

    def find(self, key_id: str) -> str:
        """Return a key, as PEM.

        Raises:
            Unidentified: There is none of that id.
            IdentityUnavailable: The keys cannot be fetched.
        """
        with self._lock:
            if (key_id not in self._keys or self._age() > _KEPT) and self._may_try():
                self._refresh()
            if self._age() > _LONGEST:
                raise IdentityUnavailable(
                    f"the keys of Identity-Aware Proxy cannot be fetched: {self._problem}"
                )
            if key_id not in self._keys:
                raise Unidentified("the header of Identity-Aware Proxy names no key of Google's")
            return self._keys[key_id]

    def _age(self) -> float:
        return float("inf") if self._fetched is None else time.monotonic() - self._fetched

    def _may_try(self) -> bool:
        return self._tried is None or time.monotonic() - self._tried >= _SOONEST

    def _refresh(self) -> None:
        self._tried = time.monotonic()
        try:
            self._keys = self._fetch()
        except (requests.RequestException, ValidationError, ValueError) as error:
            self._problem = f"{self._url}: {type(error).__name__}"
        else:
            self._fetched = self._tried

    def _fetch(self) -> dict[str, str]:
        with requests.get(
            self._url, timeout=self._timeout, stream=True, allow_redirects=False
        ) as answer:
            if answer.status_code != requests.codes.ok:
                raise ValueError(f"it answers {answer.status_code}")
            text = answer.raw.read(_MOST_BYTES + 1, decode_content=True)
        if len(text) > _MOST_BYTES:
            raise ValueError("its answer is too long")
        return _KEYS.validate_json(text)
