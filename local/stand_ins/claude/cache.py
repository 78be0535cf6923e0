"""The prompt cache: how many tokens of a prompt are read or written, and when entries expire."""

from collections.abc import Callable
from dataclasses import dataclass

from local.stand_ins.claude.prompt import Prompt

LOOK_BACK_BLOCKS = 20
"""Number of blocks, including the marked one, that are checked for an earlier entry."""

TTLS_S = {"5m": 300.0, "1h": 3600.0}
"""Lifetimes since the start of the request that last wrote or read the entry."""

_MAX_ENTRIES = 50_000
"""Above this, expired entries and then the oldest ones are removed."""


@dataclass(slots=True)
class _CacheEntry:
    ttl_s: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Usage:
    """Input tokens: read from the cache, written to it for five minutes or an hour, or uncached."""

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
class CachePlan:
    """The result of a look-up: the usage, and the entries to write when the response begins."""

    usage: Usage
    started_at: float
    writes: tuple[tuple[bytes, str], ...]


class PromptCache:
    """Cached prefixes by their keys. `clock` returns monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: dict[bytes, _CacheEntry] = {}

    def look_up(self, prompt: Prompt) -> CachePlan:
        """Look up a prompt at the start of its request, which renews the lifetime of the entries it reads."""
        now, blocks = self._clock(), prompt.blocks
        markers = [index for index, block in enumerate(blocks) if block.ttl]
        hit = -1
        for marker in markers:
            for index in range(marker, max(marker - LOOK_BACK_BLOCKS, -1), -1):
                entry = self._entries.get(blocks[index].key)
                if entry is not None and entry.expires_at > now:
                    entry.expires_at = now + entry.ttl_s
                    hit = max(hit, index)
                    break
        read = blocks[hit].end_tokens if hit >= 0 else 0
        written = dict.fromkeys(TTLS_S, 0)
        writes: list[tuple[bytes, str]] = []
        end = read
        for marker in markers:
            block = blocks[marker]
            if marker > hit and block.end_tokens >= prompt.min_cached_tokens and block.ttl:
                written[block.ttl] += block.end_tokens - end
                end = block.end_tokens
                writes.append((block.key, block.ttl))
        usage = Usage(read, written["5m"], written["1h"], prompt.total - end)
        return CachePlan(usage, now, tuple(writes))

    def store(self, plan: CachePlan) -> None:
        """Write the entries of a look-up, when its response begins: until then, other requests don't find them."""
        for key, ttl in plan.writes:
            ttl_s = TTLS_S[ttl]
            self._entries[key] = _CacheEntry(ttl_s, plan.started_at + ttl_s)
        if len(self._entries) > _MAX_ENTRIES:
            now = self._clock()
            live = [(key, entry) for key, entry in self._entries.items() if entry.expires_at > now]
            self._entries = dict(live[-_MAX_ENTRIES // 2 :])

    def clear(self) -> None:
        self._entries.clear()
