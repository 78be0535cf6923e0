"""What the stand-in was asked, and what it answered."""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

KEPT = 500
"""Requests."""


@dataclass
class Entry:
    """A request. `ended` tells how: `complete`, `hung_up` by the client, or what went wrong; None while it runs.

    A request that was refused has neither tokens nor hashes.
    """

    request_id: str
    raw: bytes = field(repr=False)
    betas: list[str]
    status: int = 200
    ended: str | None = None
    fault: str | None = None
    model: str | None = None
    stream: bool = False
    tools: list[str] = field(default_factory=list)
    tools_hash: str | None = None
    system_hash: str | None = None
    messages: int = 0
    metadata_user_id: str | None = None
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    """Of `cache_write`, what was written for an hour."""
    uncached: int = 0
    input_total: int = 0
    output_tokens: int = 0

    def told(self) -> dict[str, Any]:
        entry = asdict(self)
        raw = entry.pop("raw")
        try:
            return entry | {"body": json.loads(raw)}
        except ValueError:
            return entry | {"body": None}


class Journal:
    """The last `KEPT` requests, and how many there were."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._count = 0
        self._last: deque[Entry] = deque(maxlen=KEPT)

    def add(self, entry: Entry) -> Entry:
        self._count += 1
        self._last.append(entry)
        return entry

    def told(self, user_id: str | None, contains: str | None) -> dict[str, Any]:
        """`{requests, last}`, oldest first; with a filter, `requests` counts what it leaves of the kept ones."""
        if user_id is None and contains is None:
            return {"requests": self._count, "last": [entry.told() for entry in self._last]}
        left = [entry.told() for entry in self._filtered(user_id, contains)]
        return {"requests": len(left), "last": left}

    def _filtered(self, user_id: str | None, contains: str | None) -> Iterator[Entry]:
        # As it may stand in the JSON: escaped to ASCII, or not.
        forms = [] if contains is None else [json.dumps(contains, ensure_ascii=each)[1:-1] for each in (True, False)]
        for entry in self._last:
            if user_id is not None and entry.metadata_user_id != user_id:
                continue
            if forms and not any(form.encode() in entry.raw for form in forms):
                continue
            yield entry
