"""Runs a stand-in for a test, and controls it over HTTP."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import httpx


class StandIn(Protocol):
    """A stand-in with a process of its own."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


@contextmanager
def running(stand_in: StandIn) -> Iterator[None]:
    """Start the stand-in on an event loop in another thread, and stop it at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(stand_in.start(), loop).result(60)
        yield
    finally:
        asyncio.run_coroutine_threadsafe(stand_in.stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class StandInClient:
    """A client of a stand-in's source API and of its control endpoints."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, trust_env=False, headers=headers, timeout=30)

    def control(self, **settings: Any) -> None:
        """Set a fault or another setting of `PUT /_control`."""
        self.http.put("/_control", json=settings).raise_for_status()

    def reset(self) -> None:
        """Clear the journal, the faults and all other state."""
        self.http.delete("/_journal").raise_for_status()

    def journal(self, **filters: str) -> dict[str, Any]:
        journal: dict[str, Any] = self.http.get("/_journal", params=filters).json()
        return journal


@contextmanager
def client_of(url: str) -> Iterator[StandInClient]:
    """Open a client of a shared stand-in whose state is clear before and after the test."""
    client = StandInClient(url)
    try:
        client.reset()
        yield client
        client.reset()
    finally:
        client.http.close()
