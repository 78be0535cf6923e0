"""The API keys of sources."""

import time
from collections.abc import Callable
from typing import TypeVar

from pam.platform.secret_key import SecretKey, SecretUnavailable
from pam.sources.source import Source, SourceError, SourceErrorKind

T = TypeVar("T")


class ApiKey:
    """The API key of one source. `secret` returns the JSON `{"key": "..."}`; an empty key means that none is set."""

    def __init__(
        self, source: Source, secret: Callable[[], str], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._source = source
        self._key = SecretKey(secret, monotonic)

    def get(self) -> str:
        """Return the key. Raises `SourceError` (`missing_key`) where none is set or it can't be read."""
        try:
            return self._key.get()
        except SecretUnavailable as error:
            raise SourceError(self._source, SourceErrorKind.MISSING_KEY, str(error)) from None

    def call(self, request: Callable[[str], T]) -> T:
        """Return the result of a request with the key. Raises what the request and `get` raise.

        Where the source refuses the key (`unauthorised`), and it was replaced in the meantime, the request is made
        again with the new one: no request fails because a key is rotated.
        """
        key = self.get()
        try:
            return request(key)
        except SourceError as error:
            if error.kind is not SourceErrorKind.UNAUTHORISED or not self.renew(key):
                raise
        return request(self.get())

    def renew(self, refused: str) -> bool:
        """Read the secret again, since the source refused a key; return whether there is another one now.

        Raises `SourceError` (`missing_key`).
        """
        if self.get() == refused:  # else another thread has renewed it
            self._key.invalidate()
        return self.get() != refused
