"""The environments, their memory and the connections to the database of a local stack, once a second."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg

from local.stack import LocalStack

_INTERVAL_S = 1.0
_COUNT_CONNECTIONS = """
select count(*) from pg_stat_activity where datname = current_database() and usename = 'pam_app'
"""


@dataclass(frozen=True)
class Sample:
    """The state of the stack at one instant, with the memory of all environments of each function."""

    at_s: float
    environments: dict[str, int]
    memory_kib: dict[str, int]
    """Shared with no other process: what the environments take of this machine."""
    resident_kib: dict[str, int]
    """All that is resident, as Lambda measures it: forks share most of it with their snapshot."""
    connections: int | None
    """Of the functions to Postgres; None while it is out of reach."""


class Sampler:
    """Takes samples in a thread while it is entered as a context manager."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.samples: list[Sample] = []

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        began = time.monotonic()
        while not self._ended.wait(_INTERVAL_S):
            pids = {name: function.pids for name, function in self._stack.functions.items()}
            memory = {name: [memory_of(pid) for pid in each] for name, each in pids.items() if each}
            self.samples.append(
                Sample(
                    time.monotonic() - began,
                    {name: len(each) for name, each in memory.items()},
                    {name: sum(private for private, _ in each) for name, each in memory.items()},
                    {name: sum(resident for _, resident in each) for name, each in memory.items()},
                    self._connections(),
                )
            )

    def _connections(self) -> int | None:
        try:
            with psycopg.connect(self._stack.postgres.owner, connect_timeout=2) as connection:
                row = connection.execute(_COUNT_CONNECTIONS).fetchone()
        except psycopg.Error:
            return None
        return int(row[0]) if row else None


def upstream_requests(stack: LocalStack) -> dict[str, int]:
    """Return the number of requests that each stand-in of a source has got."""
    sources = stack.travel_sources
    urls = {
        "Claude": stack.claude.url,
        "Gemini": stack.gemini.url,
        "Mapbox": sources.mapbox_url,
        "Open-Meteo": sources.open_meteo_url,
        "EIA": sources.eia_url,
        "ECB": sources.ecb_url,
    }
    return {name: int(httpx.get(f"{url}/_journal", timeout=30).json()["requests"]) for name, url in urls.items()}


def memory_of(pid: int) -> tuple[int, int]:
    """Return the memory of a process in KiB: what it shares with no other, and all; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0, 0
    sizes = {line.split()[0]: int(line.split()[1]) for line in lines[1:]}
    return sizes["Private_Clean:"] + sizes["Private_Dirty:"], sizes["Rss:"]
