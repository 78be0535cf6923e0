"""Five hundred users who connect within ten seconds and ask a question each, end to end: ticket, socket, ack, answer.

The load comes from a process of its own, which sends each request when it is due, whether or not earlier ones are
answered; waiting counts. Claude's stand-in replies at once (profile `zero`), so that the time is that of PAM and of
this machine's cores, on which the functions, the gateway, Postgres, the stand-ins and the clients run, too: on AWS each
environment of a function has a share of a core for itself. What is refused for the moment is sent again after the time
that the answer names, or a growing random one, as the page does.
"""

import asyncio
import json
import multiprocessing
import random
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from bench.figures import Figure, percentile_ms
from local.stack import LocalStack

USERS = 500
WITHIN_S = 10.0

_QUESTION = "Can I leave the awning out tonight?"
_TIMEOUT_S = 120.0
_MAX_ATTEMPTS = 6


def run() -> dict[str, Figure]:
    """Measure on a stack of its own, which ends with the measurement."""
    with tempfile.TemporaryDirectory() as state, LocalStack(Path(state), claude_profile="zero") as stack:
        failures = stack.warm()
        assert not failures, failures
        reply = {"content": [{"type": "text", "text": "Better not: it will be windy."}]}
        script = [{"match": {"text_contains": _QUESTION}, "replies": [reply]}]
        httpx.put(f"{stack.claude.url}/_script", json=script).raise_for_status()
        tokens = [stack.token(uuid.uuid4()) for _ in range(USERS)]
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            load: dict[str, Any] = pool.apply(_load, (stack.url, tokens))
    connected, answered = load["connected"], load["answered"]
    ms = "ms"
    return {
        "connected_ms_p50": Figure(percentile_ms(connected, 50), ms, "from the due time to an open socket"),
        "connected_ms_p95": Figure(percentile_ms(connected, 95), ms, "the same, 95th percentile"),
        "answered_ms_p50": Figure(percentile_ms(answered, 50), ms, "from the due time to the answer's last frame"),
        "answered_ms_p95": Figure(percentile_ms(answered, 95), ms, "the same, 95th percentile"),
        "answered_ms_max": Figure(percentile_ms(answered, 100), ms, "the same, maximum"),
        "answered": Figure(len(answered), "", "users with an answer"),
        "retried": Figure(load["retried"], "", "requests and questions that were sent again"),
        "failed": Figure(sum(load["failed"].values()), "", "users without an answer"),
        "users": Figure(USERS, "", f"within {WITHIN_S:g} s"),
    }


def _load(url: str, tokens: list[str]) -> dict[str, Any]:
    return asyncio.run(_Load(url).run(tokens))


class _Load:
    """All users at once, in one event loop."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connected: list[float] = []
        self._answered: list[float] = []
        self._failed: Counter[str] = Counter()
        self._retried = 0

    async def run(self, tokens: list[str]) -> dict[str, Any]:
        """Let all users arrive at even distances; return what was measured."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
        async with httpx.AsyncClient(base_url=self._url, timeout=_TIMEOUT_S, limits=limits, trust_env=False) as client:
            began = time.perf_counter()
            users = [
                self._use(client, token, began + number * WITHIN_S / len(tokens)) for number, token in enumerate(tokens)
            ]
            await asyncio.gather(*users)
        return {
            "connected": self._connected,
            "answered": self._answered,
            "failed": self._failed,
            "retried": self._retried,
        }

    async def _use(self, client: httpx.AsyncClient, token: str, due: float) -> None:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        message_id = str(uuid.uuid4())
        end = ""
        for attempt in range(_MAX_ATTEMPTS):
            try:
                async with asyncio.timeout(_TIMEOUT_S):
                    end, wait_s = await self._ask(client, token, message_id, due)
            except (httpx.HTTPError, WebSocketException, OSError, TimeoutError) as error:
                end, wait_s = type(error).__name__, None
            if end == "done":
                self._answered.append(time.perf_counter() - due)
                return
            self._retried += 1
            await asyncio.sleep(wait_s or random.uniform(0.5, 1.0) * 2**attempt)
        self._failed[end] += 1

    async def _ask(
        self, client: httpx.AsyncClient, token: str, message_id: str, due: float
    ) -> tuple[str, float | None]:
        """Connect and ask; return `done` or the code of the error, and the wait that it names."""
        ticket = await client.post("/v1/ws-ticket", json={}, headers={"authorization": f"Bearer {token}"})
        if ticket.is_error:
            return str(ticket.status_code), ticket.json().get("retry_after")
        fields = ticket.json()
        async with connect(f"{fields['url']}?ticket={fields['ticket']}", open_timeout=_TIMEOUT_S, proxy=None) as socket:
            self._connected.append(time.perf_counter() - due)
            await socket.send(json.dumps({"action": "chat", "message_id": message_id, "text": _QUESTION}))
            async for text in socket:
                frame = json.loads(text)
                if frame.get("type") == "done":
                    return "done", None
                if frame.get("type", "error") == "error":  # the gateway's own errors have no type
                    return str(frame.get("code", "gateway")), frame.get("retry_after")
        return "closed", None
