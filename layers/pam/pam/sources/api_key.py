"""The API keys of sources: read from Secrets Manager on first use and cached for five minutes."""

import json
import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from pam.sources.source import Source, SourceError, SourceErrorKind

_CACHE_TTL_S = 300.0


class ApiKey:
    """The API key of one source. `secret` returns the JSON `{"key": "..."}`; an empty key means that none is set."""

    def __init__(
        self, source: Source, secret: Callable[[], str], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._source = source
        self._secret = secret
        self._monotonic = monotonic
        self._cached = ""
        self._read_at = 0.0

    def get(self) -> str:
        """Return the key. Raises `SourceError` (`missing_key`) where none is set or it can't be read."""
        if not self._cached or self._monotonic() - self._read_at > _CACHE_TTL_S:
            self._cached = self._read()
            self._read_at = self._monotonic()
        return self._cached

    def invalidate(self) -> None:
        """Read the secret again at the next `get`: the source refused the key, which may have been replaced."""
        self._cached = ""

    def _read(self) -> str:
        # Raised without a cause: the message of a parser quotes its input.
        try:
            fields = json.loads(self._secret())
        except (BotoCoreError, ClientError) as error:
            raise self._missing(f"its key can't be read: {type(error).__name__}") from None
        except ValueError:
            raise self._missing("its secret isn't JSON") from None
        key = fields.get("key") if isinstance(fields, dict) else None
        if not isinstance(key, str) or not key.strip():
            raise self._missing("no key is set in its secret")
        return key.strip()

    def _missing(self, detail: str) -> SourceError:
        return SourceError(self._source, SourceErrorKind.MISSING_KEY, detail)
