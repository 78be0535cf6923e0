"""The Messages API: what it takes, who may ask, and what it answers."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from local.stand_ins.claude import conversation, reply_rules, request_rules
from local.stand_ins.claude.cache import PromptCache, Usage
from local.stand_ins.claude.clock import Clock
from local.stand_ins.claude.errors import ApiError, invalid
from local.stand_ins.claude.faults import Failure, Faults, Mode, Order, disturbed, refusal_of, spoiled
from local.stand_ins.claude.journal import Entry, Journal
from local.stand_ins.claude.paced_response import Answer
from local.stand_ins.claude.profile import PROFILES, Profile
from local.stand_ins.claude.prompt import Prompt, render
from local.stand_ins.claude.replies import limited, new_id
from local.stand_ins.claude.request import Countable, Request, parse
from local.stand_ins.claude.scripts import Scripts
from local.stand_ins.claude.server import CLAUDE_KEY
from local.stand_ins.claude.stream import events, message
from pam.sources.http_client import SIMULATED_HEADER

MAX_BYTES = 32 * 1024 * 1024

# Of the lowest tier. What remains is said, and not enforced: 429 comes on demand.
_LIMITS = {"requests": 1_000, "tokens": 2_400_000, "input-tokens": 2_000_000, "output-tokens": 400_000}


def make_app(profile: str) -> ASGIApp:
    """The stand-in as an ASGI app, with a profile of `PROFILES` to begin with."""
    return _Api(PROFILES[profile]).app


def _named(value: Any) -> Any:
    return PROFILES.get(value, value) if isinstance(value, str) else value


class _Control(BaseModel):
    """The body of `PUT /_control`: a profile, seconds to put the clock forward, or a fault; `ok` ends faults."""

    model_config = ConfigDict(extra="forbid")

    profile: Annotated[Profile | None, BeforeValidator(_named)] = None
    advance_s: Annotated[float, Field(ge=0)] = 0.0
    mode: Mode | Literal["ok"] | None = None
    times: int | None = None
    after: int = 0
    retry_after: float | None = None
    seconds: float = 30.0
    contains: str | None = None

    def order(self) -> Order:
        given = self.model_dump(exclude={"profile", "advance_s"}, exclude_none=True)
        return Order.model_validate(given)


class _Api:
    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._clock = Clock()
        self._cache = PromptCache(self._clock)
        self._scripts = Scripts()
        self._faults = Faults()
        self._journal = Journal()
        self.app = Starlette(
            routes=[
                Route("/v1/messages", self.messages, methods=["POST"]),
                Route("/v1/messages/count_tokens", self.count_tokens, methods=["POST"]),
                Route("/_control", self.control, methods=["PUT"]),
                Route("/_script", self.script, methods=["PUT", "DELETE"]),
                Route("/_journal", self.journal, methods=["GET", "DELETE"]),
            ],
            exception_handlers={404: _unknown, 405: _unknown},
        )

    async def messages(self, http: HttpRequest) -> Any:
        entry = Entry(new_id("req"), b"", sorted(_betas(http)))
        try:
            entry.raw = await _body(http)
            self._journal.add(entry)
            request = _accepted(http, entry.raw, Request)
            assert isinstance(request, Request)
            return self._answer(request, entry)
        except ApiError as error:
            entry.status, entry.ended = error.status, error.message
            return _refused(error, entry.request_id)

    def _answer(self, request: Request, entry: Entry) -> Any:
        turn = conversation.read(request)
        _note(entry, request)
        scripted = self._scripts.find(turn)
        order = self._faults.next(turn.text)
        if order is None and scripted and scripted.fault and scripted.fault.strikes():
            order = scripted.fault
        if order is not None:
            entry.fault = order.mode
            if error := refusal_of(order):
                raise error
            if order.mode == "not_json":
                entry.ended = "complete"
                return HTMLResponse("<html><body>Bad gateway</body></html>", headers=_headers(entry.request_id))
        prompt = render(request)
        plan = self._cache.look_up(prompt)
        _note_prompt(entry, prompt, plan.usage)

        reply = scripted.spoken(turn) if scripted else reply_rules.reply(turn)
        reply = limited(spoiled(reply, order.mode) if order else reply, request.max_tokens)
        message_id = new_id("msg")
        steps: Any = events(message_id, request.model, plan.usage, reply)
        if order:
            steps = disturbed(steps, order)
        whole = None
        if not request.stream:
            steps = list(steps)
            for step in steps:
                if isinstance(step, Failure):
                    raise step.error
            whole = json.dumps(message(message_id, request.model, plan.usage, reply), ensure_ascii=False).encode()
        return Answer(
            iter(steps), whole, _headers(entry.request_id), self._profile, entry, lambda: self._cache.store(plan)
        )

    async def count_tokens(self, http: HttpRequest) -> Response:
        request_id = new_id("req")
        try:
            request = _accepted(http, await _body(http), Countable)
        except ApiError as error:
            return _refused(error, request_id)
        return JSONResponse({"input_tokens": render(request).total}, headers=_headers(request_id))

    async def control(self, http: HttpRequest) -> Response:
        try:
            control = _Control.model_validate_json(await http.body())
        except ValidationError as error:
            return _told_why(error)
        self._profile = control.profile or self._profile
        self._clock.advance(control.advance_s)
        if control.mode == "ok":
            self._faults.lift(control.contains)
        elif control.mode is not None:
            self._faults.give(control.order())
        return Response(status_code=204)

    async def script(self, http: HttpRequest) -> Response:
        if http.method == "DELETE":
            self._scripts.clear()
            return Response(status_code=204)
        try:
            self._scripts.add(await http.body())
        except ValidationError as error:
            return _told_why(error)
        return Response(status_code=204)

    async def journal(self, http: HttpRequest) -> Response:
        if http.method == "GET":
            query = http.query_params
            return JSONResponse(self._journal.told(query.get("metadata_user_id"), query.get("contains")))
        for each in (self._journal, self._cache, self._scripts):
            each.clear()
        self._faults.lift()
        return Response(status_code=204)


async def _body(http: HttpRequest) -> bytes:
    """The body, read to its end in any case: a client that is still sending wouldn't hear the refusal."""
    size = 0
    chunks: list[bytes] = []
    async for chunk in http.stream():
        size += len(chunk)
        if size <= MAX_BYTES:
            chunks.append(chunk)
    if size > MAX_BYTES:
        raise ApiError(413, f"Request exceeds the maximum allowed number of bytes: {MAX_BYTES}.")
    return b"".join(chunks)


def _accepted(http: HttpRequest, body: bytes, shape: type[Countable]) -> Countable:
    """The request, if the API would take it."""
    headers = http.headers
    key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
    if key != CLAUDE_KEY:
        raise ApiError(401, "invalid x-api-key" if key else "x-api-key header is required")
    version = headers.get("anthropic-version")
    if version is None:
        raise invalid("anthropic-version: header is required")
    if version not in request_rules.VERSIONS:
        raise invalid(f'anthropic-version: "{version}" is not a valid version')
    request = parse(body, shape)
    request_rules.check(request, version, _betas(http))
    return request


def _betas(http: HttpRequest) -> frozenset[str]:
    lists = (value.split(",") for value in http.headers.getlist("anthropic-beta"))
    return frozenset(beta.strip() for beta in itertools.chain.from_iterable(lists) if beta.strip())


def _note(entry: Entry, request: Request) -> None:
    entry.model, entry.stream = request.model, request.stream
    entry.tools = [tool.name for tool in request.tools]
    entry.messages = len(request.messages)
    entry.metadata_user_id = request.metadata.user_id


def _note_prompt(entry: Entry, prompt: Prompt, usage: Usage) -> None:
    entry.tools_hash, entry.system_hash = prompt.tools_hash, prompt.system_hash
    entry.cache_read, entry.cache_write, entry.uncached = usage.read, usage.written, usage.uncached
    entry.cache_write_1h = usage.written_1h
    entry.input_total = prompt.total


def _headers(request_id: str) -> dict[str, str]:
    reset = (datetime.now(UTC) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    headers = {"request-id": request_id, SIMULATED_HEADER: "true"}
    for name, limit in _LIMITS.items():
        prefix = f"anthropic-ratelimit-{name}"
        headers |= {f"{prefix}-limit": str(limit), f"{prefix}-remaining": str(limit - 1), f"{prefix}-reset": reset}
    return headers


def _refused(error: ApiError, request_id: str) -> Response:
    headers = _headers(request_id)
    if error.retry_after is not None:
        headers["retry-after"] = f"{error.retry_after:g}"
    return JSONResponse(error.body(request_id), error.status, headers)


async def _unknown(_: HttpRequest, __: Exception) -> Response:
    return _refused(ApiError(404, "Not found"), new_id("req"))


def _told_why(error: ValidationError) -> Response:
    """Answers an order that isn't understood: this is no part of the API."""
    return JSONResponse({"errors": error.errors(include_url=False, include_context=False)}, 422)
