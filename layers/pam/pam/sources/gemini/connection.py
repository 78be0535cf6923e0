"""Calls of the SDK with the current key, within a deadline.

The SDK is imported with the first call, or by `preload`: it takes most of a second of CPU.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from pam.platform.deadline import Deadline
from pam.sources.api_key import ApiKey
from pam.sources.http_exchange import MIN_REQUEST_S
from pam.sources.source import Source, SourceError, SourceErrorKind

if TYPE_CHECKING:
    from pam.sources.gemini.sdk import GeminiSdk

T = TypeVar("T")


class GeminiConnection:
    """The SDK with one base URL. Thread-safe."""

    def __init__(self, base_url: str, key: ApiKey) -> None:
        """Opens no connection, reads no key, and doesn't import the SDK."""
        self._base_url = base_url.rstrip("/")
        self._key = key
        self._sdk: GeminiSdk | None = None
        self._lock = threading.Lock()

    def call(self, function: Callable[["GeminiSdk", float], T], deadline: Deadline) -> T:
        """Return the result of a function of the SDK and of the seconds that are left. Raises `SourceError`."""

        def request(key: str) -> T:
            sdk = self._connected(key)
            left_s = deadline.left_s
            if left_s < MIN_REQUEST_S:
                raise SourceError(Source.GEMINI, SourceErrorKind.SLOW, "no time left for a request")
            return function(sdk, left_s)

        return self._key.call(request)

    def preload(self) -> None:
        """Import the SDK and build its clients, for a SnapStart snapshot. Opens no connection and reads no key."""
        from pam.sources.gemini.sdk import GeminiSdk

        GeminiSdk(self._base_url, "none")

    def _connected(self, key: str) -> "GeminiSdk":
        """Return the SDK with a key."""
        from pam.sources.gemini.sdk import GeminiSdk

        with self._lock:
            if self._sdk is None or self._sdk.key != key:
                self._sdk = GeminiSdk(self._base_url, key)
            return self._sdk
