"""The travellers as Locust users: each sends its planned messages when they are due, and records what came back.

`python -m load.locustfile PLAN RECORDS`, in an environment of its own (`.load`), whose standard library gevent
replaces. It writes a JSON object a line. A message is timed from the moment at which it is due, so that waiting counts.
"""

# Locust patches the standard library: before all others.
from locust import User, constant, events, task  # isort: skip
from locust.env import Environment  # isort: skip
from locust.exception import StopUser  # isort: skip

import contextlib
import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import gevent
import websocket
from gevent.event import AsyncResult
from requests import RequestException, Session

from load.answers import Answers

MAX_ATTEMPTS = 6
PING_INTERVAL_S = 120.0

SILENCE_S = 10.0
"""After so long without a frame the rest of an answer is asked for, as the page does: a lost turn is declared then."""

LINGER_S = 3.0
"""How long a socket stays open after its last answer, so that a second one is seen."""


class _Run:
    """The plan, where records are written, and when the run began."""

    base_url: str
    timeout_s: float
    records: TextIO
    started_at: float


def main() -> None:
    """Run the plan to its end."""
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    _Run.base_url, _Run.timeout_s = plan["base_url"], plan["timeout_s"]
    Traveller.planned = iter(plan["users"])
    with Path(sys.argv[2]).open("a", encoding="utf-8", buffering=1) as _Run.records:
        runner = Environment(user_classes=[Traveller], events=events).create_local_runner()
        _Run.started_at = time.monotonic()
        print("started", flush=True)
        runner.start(len(plan["users"]), spawn_rate=len(plan["users"]))
        runner.spawning_greenlet.join()
        while runner.user_count:
            gevent.sleep(0.1)
        runner.quit()


def _now() -> float:
    """Return the seconds since the start of the run."""
    return time.monotonic() - _Run.started_at


def _record(**fields: Any) -> None:
    _Run.records.write(json.dumps(fields) + "\n")


def _backoff_s(attempt: int, retry_after: float | None = None) -> float:
    return retry_after or random.uniform(0.5, 1.0) * 2**attempt


class _RetryableError(Exception):
    """A request that is sent again: its code, and the wait that the response names.

    `is_refusal` says that PAM answered, so that nothing was begun; else the connection failed.
    """

    def __init__(self, code: str, retry_after: float | None = None, *, is_refusal: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after
        self.is_refusal = is_refusal


class Traveller(User):
    """A traveller of the plan, over the transport that it names."""

    wait_time = constant(0)
    planned: Iterator[dict[str, Any]]

    @task
    def travel(self) -> None:
        """Send the messages of the next traveller of the plan, and stop."""
        planned = next(Traveller.planned)
        client = _PageClient(planned) if planned["transport"] == "http" else _WebSocketClient(planned)
        try:
            for message in planned["messages"]:
                gevent.sleep(max(0.0, message["due_s"] - _now()))
                self._send(client, planned, message)
        finally:
            client.close()
        raise StopUser

    def _send(self, client: "_PageClient | _WebSocketClient", planned: dict[str, Any], message: dict[str, Any]) -> None:
        outcome: dict[str, Any] = {}
        retried: list[str] = []
        for attempt in range(MAX_ATTEMPTS):
            try:
                outcome = client.ask(message)
                break
            except _RetryableError as failed:
                outcome = {"end": "error" if failed.is_refusal else "none", "code": failed.code}
                if attempt + 1 < MAX_ATTEMPTS:
                    retried.append(failed.code)
                    gevent.sleep(_backoff_s(attempt, failed.retry_after))
        duration_ms = (_now() - message["due_s"]) * 1000
        failure = None if outcome["end"] == "done" else RuntimeError(outcome["code"] or "no answer")
        events.request.fire(
            request_type=planned["transport"],
            name=f"tier {message['tier']}",
            response_time=duration_ms,
            response_length=0,
            exception=failure,
            context={},
        )
        _record(
            kind="message",
            user=planned["user_id"],
            transport=planned["transport"],
            **{name: message[name] for name in ("message_id", "tier", "due_s", "amount")},
            done_ms=duration_ms,
            retried=retried,
            **outcome,
        )


class _HttpClient:
    """Asks over POST /v1/ask."""

    def __init__(self, planned: dict[str, Any]) -> None:
        self._session = Session()
        self._session.trust_env = False  # no proxy
        self._session.headers["authorization"] = f"Bearer {planned['token']}"

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return what came back. Raises `_RetryableError`."""
        key = {"idempotency-key": message["message_id"]}
        status, body = self.post("/v1/ask", {"text": message["text"]}, key)
        if status >= 400:
            return {"end": "error", "code": str(body.get("code", status))}
        return {"end": "done", "code": "", "answered_tier": body["tier"]}

    def post(
        self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON of a response. Raises `_RetryableError` for one that can be sent again."""
        try:
            response = self._session.post(f"{_Run.base_url}{path}", json=body, headers=headers, timeout=_Run.timeout_s)
            answer: dict[str, Any] = response.json()
        except (RequestException, ValueError) as error:
            raise _RetryableError(type(error).__name__) from error
        if response.status_code in (429, 500, 502, 503, 504):
            code = str(answer.get("code", response.status_code))
            raise _RetryableError(code, answer.get("retry_after"), is_refusal=True)
        return response.status_code, answer

    def close(self) -> None:
        self._session.close()


class _PageClient:
    """Asks over HTTP, and over a WebSocket what has no fast answer, as the page does."""

    def __init__(self, planned: dict[str, Any]) -> None:
        self._planned = planned
        self._http = _HttpClient(planned)
        self._chat: _WebSocketClient | None = None

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return what came back. Raises `_RetryableError`."""
        answer = self._http.ask(message)
        if answer.get("answered_tier") != 3:
            return answer
        self._chat = self._chat or _WebSocketClient(self._planned)
        return self._chat.ask(message)

    def close(self) -> None:
        self._http.close()
        if self._chat is not None:
            self._chat.close()


class _WebSocketClient:
    """Asks over one WebSocket, which is opened again where it is lost, as the page does."""

    def __init__(self, planned: dict[str, Any]) -> None:
        self._planned = planned
        self._http = _HttpClient(planned)
        self._socket: websocket.WebSocket | None = None
        self._reader: gevent.Greenlet | None = None
        self._answers = Answers()
        self._result = AsyncResult()
        self._is_closing = False
        self._pinger = gevent.spawn(self._ping)

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message and wait for its last frame; raise `_RetryableError` for one that was not accepted."""
        self._answers.wait_for(message["message_id"], message["due_s"])
        waiting = self._answers.waiting
        assert waiting is not None
        self._result = AsyncResult()
        fields = {"action": "chat", "message_id": message["message_id"], "text": message["text"]}
        if self._answers.conversation_id is not None:
            fields["conversation_id"] = self._answers.conversation_id
        self._open()
        self._write(fields)
        deadline = _now() + _Run.timeout_s
        while True:
            try:
                outcome = self._result.get(timeout=max(0.1, min(SILENCE_S, deadline - _now())))
            except gevent.Timeout:
                if _now() >= deadline:
                    return {"end": "none", "code": "timeout", **waiting.times}
                if _now() - waiting.last_frame_at < SILENCE_S:
                    continue
            else:
                if outcome is not None:
                    break
                self._result = AsyncResult()  # the connection was lost
            self._open()
            self._write({"action": "resume", "message_id": message["message_id"], "after": waiting.seq})
        meaning, frame = outcome
        if meaning == "refusal":
            raise _RetryableError(str(frame.get("code", "gateway")), frame.get("retry_after"), is_refusal=True)
        return {
            "end": frame["type"],
            "code": frame.get("code", ""),
            "answered_tier": frame.get("tier"),
            "cost_usd": float(frame.get("cost_usd") or 0),
            **waiting.times,
        }

    def close(self) -> None:
        self._pinger.kill()
        if self._socket is not None:
            gevent.sleep(LINGER_S)
        self._is_closing = True
        if self._socket is not None:
            self._socket.close()
        self._http.close()

    def _open(self) -> None:
        """Open a socket unless one is open. Raises `_RetryableError`."""
        if self._socket is not None:
            return
        began = _now()
        try:
            _, fields = self._http.post("/v1/ws-ticket", {})
            url = f"{fields['url']}?ticket={fields['ticket']}"
            self._socket = websocket.create_connection(
                url, timeout=_Run.timeout_s, suppress_origin=True, http_no_proxy=["*"]
            )
        except (_RetryableError, OSError, websocket.WebSocketException) as error:
            _record(kind="connect", at_s=began, ms=(_now() - began) * 1000, failure=str(error))
            raise _RetryableError(type(error).__name__) from error
        self._socket.settimeout(None)
        _record(kind="connect", at_s=began, ms=(_now() - began) * 1000, failure="")
        self._reader = gevent.spawn(self._read, self._socket)

    def _write(self, fields: dict[str, Any]) -> None:
        assert self._socket is not None
        try:
            self._socket.send(json.dumps(fields))
        except (OSError, websocket.WebSocketException) as error:
            raise _RetryableError(type(error).__name__) from error

    def _ping(self) -> None:
        while True:
            gevent.sleep(PING_INTERVAL_S)
            if self._socket is not None:
                with contextlib.suppress(_RetryableError):  # the reader sees the loss
                    self._write({"action": "ping"})

    def _read(self, socket: websocket.WebSocket) -> None:
        try:
            while text := socket.recv():
                self._take(json.loads(text))
        except (OSError, websocket.WebSocketException):
            pass
        if not self._is_closing:
            self._socket = None
            _record(kind="dropped", at_s=_now())
            if self._answers.waiting is not None and not self._result.ready():
                self._result.set(None)

    def _take(self, frame: dict[str, Any]) -> None:
        meaning = self._answers.take(frame, _now())
        if meaning == "doubled":
            _record(kind="doubled", message_id=frame["message_id"], at_s=_now())
        elif meaning in ("end", "refusal") and not self._result.ready():
            self._result.set((meaning, frame))


if __name__ == "__main__":
    main()
