"""A key in Secrets Manager: read on first use and cached for five minutes, so that a replaced one is soon in use."""

import json
import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

_CACHE_TTL_S = 300.0


class SecretUnavailable(Exception):
    """The key isn't set or can't be read. The message names the reason and contains nothing of the secret."""


class SecretKey:
    """The key in one secret. `secret` returns the JSON `{"key": "..."}`; an empty key means that none is set."""

    def __init__(self, secret: Callable[[], str], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._secret = secret
        self._monotonic = monotonic
        self._cached = ""
        self._read_at = 0.0

    def get(self) -> str:
        """Return the key. Raises `SecretUnavailable`."""
        if not self._cached or self._monotonic() - self._read_at > _CACHE_TTL_S:
            try:
                self._cached = self._read()
            except SecretUnavailable:
                # A key that nobody has refused is better than none: it is tried for another five minutes.
                if not self._cached:
                    raise
            self._read_at = self._monotonic()
        return self._cached

    def invalidate(self) -> None:
        """Read the secret again at the next `get`."""
        self._cached = ""

    def _read(self) -> str:
        # Raised without a cause: the message of a parser quotes its input.
        try:
            fields = json.loads(self._secret())
        except (BotoCoreError, ClientError) as error:
            raise SecretUnavailable(f"its key can't be read: {type(error).__name__}") from None
        except ValueError:
            raise SecretUnavailable("its secret isn't JSON") from None
        key = fields.get("key") if isinstance(fields, dict) else None
        if not isinstance(key, str) or not key.strip():
            raise SecretUnavailable("no key is set in its secret")
        return key.strip()
