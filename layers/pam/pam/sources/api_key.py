"""The API keys of sources."""

import time
from collections.abc import Callable

from pam.platform.secret_key import SecretKey, SecretUnavailable
from pam.sources.source import Source, SourceError, SourceErrorKind


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

    def invalidate(self) -> None:
        """Read the secret again at the next `get`: the source refused the key, which may have been replaced."""
        self._key.invalidate()
