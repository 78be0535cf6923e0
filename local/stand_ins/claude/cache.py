"""The prompt cache: what of a prompt is read from it, what is written to it, and when entries end."""

from collections.abc import Callable
from dataclasses import dataclass

from local.stand_ins.claude.prompt import Prompt

LOOK_BACK = 20
"""Blocks at which an earlier entry is looked for, the marked one included."""

LIFETIMES = {"5m": 300.0, "1h": 3600.0}
"""Seconds, from the start of the request that wrote or read the entry last."""

_MOST = 50_000
"""Entries, a few hundred bytes each, before the ended and then the oldest ones go."""


@dataclass(slots=True)
class _Entry:
    lifetime: float
    expires: float


@dataclass(frozen=True, slots=True)
class Usage:
    """Input tokens: from the cache, into it for five minutes and for an hour, and neither."""

    read: int
    written_5m: int
    written_1h: int
    uncached: int

    @property
    def written(self) -> int:
        return self.written_5m + self.written_1h

    @property
    def total(self) -> int:
        return self.read + self.written + self.uncached


@dataclass(frozen=True, slots=True)
class Plan:
    """What a request gets from the cache, and the entries that its answer will write."""

    usage: Usage
    started: float
    writes: tuple[tuple[bytes, str], ...]


class PromptCache:
    """Prefixes by their keys. `clock` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: dict[bytes, _Entry] = {}

    def look_up(self, prompt: Prompt) -> Plan:
        """Reads at the start of a request; what is read lives on for its whole lifetime again."""
        now, parts = self._clock(), prompt.parts
        marks = [index for index, part in enumerate(parts) if part.ttl]
        hit = -1
        for mark in marks:
            for index in range(mark, max(mark - LOOK_BACK, -1), -1):
                entry = self._entries.get(parts[index].key)
                if entry is not None and entry.expires > now:
                    entry.expires = now + entry.lifetime
                    hit = max(hit, index)
                    break
        read = parts[hit].end if hit >= 0 else 0
        written = dict.fromkeys(LIFETIMES, 0)
        writes: list[tuple[bytes, str]] = []
        end = read
        for mark in marks:
            part = parts[mark]
            if mark > hit and part.end >= prompt.minimum and part.ttl:
                written[part.ttl] += part.end - end
                end = part.end
                writes.append((part.key, part.ttl))
        usage = Usage(read, written["5m"], written["1h"], prompt.total - end)
        return Plan(usage, now, tuple(writes))

    def store(self, plan: Plan) -> None:
        """Writes when the answer begins: until then, other requests find nothing."""
        for key, ttl in plan.writes:
            lifetime = LIFETIMES[ttl]
            self._entries[key] = _Entry(lifetime, plan.started + lifetime)
        if len(self._entries) > _MOST:
            now = self._clock()
            live = [(key, entry) for key, entry in self._entries.items() if entry.expires > now]
            self._entries = dict(live[-_MOST // 2 :])

    def clear(self) -> None:
        self._entries.clear()
