"""A journal of requests and their responses."""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

MAX_ENTRIES = 500


@dataclass
class JournalEntry:
    """A request and its response, without tokens and hashes if that is an error.

    `ended` is None while it runs, then `complete`, `incomplete`, `cut`, `disconnected` if the client closed the
    connection, or the message of the error.
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
    """The part of `cache_write` that was written for an hour."""
    uncached: int = 0
    input_total: int = 0
    output_tokens: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the entry with its parsed body, which is None if it isn't JSON."""
        entry = asdict(self)
        raw = entry.pop("raw")
        try:
            return entry | {"body": json.loads(raw)}
        except ValueError:
            return entry | {"body": None}


class Journal:
    """The last MAX_ENTRIES requests, and the number of all."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._count = 0
        self._last: deque[JournalEntry] = deque(maxlen=MAX_ENTRIES)

    def add(self, entry: JournalEntry) -> JournalEntry:
        self._count += 1
        self._last.append(entry)
        return entry

    def to_json(self, user_id: str | None, contains: str | None) -> dict[str, Any]:
        """Return `{requests, last}`, oldest first; with a filter, `requests` is the number of matching entries."""
        if user_id is None and contains is None:
            return {"requests": self._count, "last": [entry.to_json() for entry in self._last]}
        matching = [entry.to_json() for entry in self._filtered(user_id, contains)]
        return {"requests": len(matching), "last": matching}

    def _filtered(self, user_id: str | None, contains: str | None) -> Iterator[JournalEntry]:
        # As JSON, both escaped to ASCII and not.
        forms = [] if contains is None else [json.dumps(contains, ensure_ascii=each)[1:-1] for each in (True, False)]
        for entry in self._last:
            if user_id is not None and entry.metadata_user_id != user_id:
                continue
            if forms and not any(form.encode() in entry.raw for form in forms):
                continue
            yield entry
