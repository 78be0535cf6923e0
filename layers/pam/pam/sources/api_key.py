"""The keys of sources: read from Secrets Manager when first needed, kept for five minutes, told to nobody."""

import json
import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from pam.sources.source import Source, SourceError, SourceErrorKind

_KEPT_S = 300.0


class ApiKey:
    """One source's key. `secret` returns the JSON `{"key": "..."}`; an empty key means that none is set yet."""

    def __init__(
        self, source: Source, secret: Callable[[], str], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._source = source
        self._secret = secret
        self._monotonic = monotonic
        self._kept = ""
        self._read_at = 0.0

    def read(self) -> str:
        """The key. Raises `UpstreamFault` (`missing_key`) where there is none, or it can't be read."""
        if not self._kept or self._monotonic() - self._read_at > _KEPT_S:
            self._kept = self._ask()
            self._read_at = self._monotonic()
        return self._kept

    def forget(self) -> None:
        """After the source refused it: the next reader asks again, and finds a replaced key at once."""
        self._kept = ""

    def _ask(self) -> str:
        # What went wrong is told without its cause: a parser's message quotes what it read.
        try:
            fields = json.loads(self._secret())
        except (BotoCoreError, ClientError) as fault:
            raise self._missing(f"its key can't be read: {type(fault).__name__}") from None
        except ValueError:
            raise self._missing("its secret isn't JSON") from None
        key = fields.get("key") if isinstance(fields, dict) else None
        if not isinstance(key, str) or not key.strip():
            raise self._missing("no key is set in its secret")
        return key.strip()

    def _missing(self, detail: str) -> SourceError:
        return SourceError(self._source, SourceErrorKind.MISSING_KEY, detail)
