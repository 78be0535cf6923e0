"""The Messages API as an ASGI app, with endpoints for scripts, faults and the journal."""

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

from local.stand_ins.claude import conversation, reply_rules, request_rules, summary_rules
from local.stand_ins.claude.cache import PromptCache, Usage
from local.stand_ins.claude.clock import Clock
from local.stand_ins.claude.errors import ApiError, invalid_request
from local.stand_ins.claude.faults import Fault, Faults, Mode, StreamError, apply_to_reply, apply_to_stream, error_of
from local.stand_ins.claude.journal import Journal, JournalEntry
from local.stand_ins.claude.paced_response import PacedResponse
from local.stand_ins.claude.profile import PROFILES, LatencyProfile
from local.stand_ins.claude.prompt import Prompt, render
from local.stand_ins.claude.replies import new_id, truncate
from local.stand_ins.claude.request import CountTokensRequest, MessagesRequest, parse
from local.stand_ins.claude.scripts import ScriptStore
from local.stand_ins.claude.server import CLAUDE_KEY
from local.stand_ins.claude.stream import events, message
from pam.sources.source import SIMULATED_HEADER

MAX_BYTES = 32 * 1024 * 1024

# The lowest tier's limits. They are reported and not enforced: 429 is a fault to inject.
_RATE_LIMITS = {"requests": 1_000, "tokens": 2_400_000, "input-tokens": 2_000_000, "output-tokens": 400_000}


def make_app(profile: str) -> ASGIApp:
    """Return the stand-in as an ASGI app, with the initial profile of this name."""
    return _Api(PROFILES[profile]).app


def _profile_by_name(value: Any) -> Any:
    return PROFILES.get(value, value) if isinstance(value, str) else value


class _Control(BaseModel):
    """The body of `PUT /_control`: a profile, seconds to advance the clock, or a fault; mode `ok` removes faults."""

    model_config = ConfigDict(extra="forbid")

    profile: Annotated[LatencyProfile | None, BeforeValidator(_profile_by_name)] = None
    advance_s: Annotated[float, Field(ge=0)] = 0.0
    mode: Mode | Literal["ok"] | None = None
    times: int | None = None
    after: int = 0
    retry_after: float | None = None
    seconds: float = 30.0
    contains: str | None = None

    def fault(self) -> Fault:
        """Return the fault; the mode has to be one."""
        fields = self.model_dump(exclude={"profile", "advance_s"}, exclude_none=True)
        return Fault.model_validate(fields)


class _Api:
    def __init__(self, profile: LatencyProfile) -> None:
        self._profile = profile
        self._clock = Clock()
        self._cache = PromptCache(self._clock)
        self._scripts = ScriptStore()
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
            exception_handlers={404: _not_found, 405: _not_found},
        )

    async def messages(self, http: HttpRequest) -> Any:
        entry = JournalEntry(new_id("req"), b"", sorted(_betas(http)))
        try:
            entry.raw = await _body(http)
            self._journal.add(entry)
            request = _parse_request(http, entry.raw, MessagesRequest)
            assert isinstance(request, MessagesRequest)
            return self._respond(request, entry)
        except ApiError as error:
            entry.status, entry.ended = error.status, error.message
            return _error_response(error, entry.request_id)

    def _respond(self, request: MessagesRequest, entry: JournalEntry) -> Any:
        turn = conversation.read(request)
        _record_request(entry, request)
        scripted = self._scripts.find(turn)
        fault = self._faults.take(turn.text)
        if fault is None and scripted and scripted.fault and scripted.fault.applies():
            fault = scripted.fault
        if fault is not None:
            entry.fault = fault.mode
            if error := error_of(fault):
                raise error
            if fault.mode == "not_json":
                entry.ended = "complete"
                return HTMLResponse("<html><body>Bad gateway</body></html>", headers=_headers(entry.request_id))
        prompt = render(request)
        request_rules.check_length(prompt.total, request.model)
        plan = self._cache.look_up(prompt)
        _record_prompt(entry, prompt, plan.usage)

        if scripted:
            reply = scripted.render(turn)
        elif summary_rules.is_summary_request(request, turn):
            reply = summary_rules.generate_summary(turn)
        else:
            reply = reply_rules.generate_reply(turn)
        reply = truncate(apply_to_reply(reply, fault.mode) if fault else reply, request.max_tokens)
        message_id = new_id("msg")
        steps: Any = events(message_id, request.model, plan.usage, reply)
        if fault:
            steps = apply_to_stream(steps, fault)
        whole_body = None
        if not request.stream:
            steps = list(steps)
            for step in steps:
                if isinstance(step, StreamError):
                    raise step.error
            whole_body = json.dumps(message(message_id, request.model, plan.usage, reply), ensure_ascii=False).encode()
        return PacedResponse(
            iter(steps), whole_body, _headers(entry.request_id), self._profile, entry, lambda: self._cache.store(plan)
        )

    async def count_tokens(self, http: HttpRequest) -> Response:
        request_id = new_id("req")
        try:
            request = _parse_request(http, await _body(http), CountTokensRequest)
        except ApiError as error:
            return _error_response(error, request_id)
        return JSONResponse({"input_tokens": render(request).total}, headers=_headers(request_id))

    async def control(self, http: HttpRequest) -> Response:
        try:
            control = _Control.model_validate_json(await http.body())
        except ValidationError as error:
            return _validation_response(error)
        self._profile = control.profile or self._profile
        self._clock.advance(control.advance_s)
        if control.mode == "ok":
            self._faults.remove(control.contains)
        elif control.mode is not None:
            self._faults.add(control.fault())
        return Response(status_code=204)

    async def script(self, http: HttpRequest) -> Response:
        if http.method == "DELETE":
            self._scripts.clear()
            return Response(status_code=204)
        try:
            self._scripts.add(await http.body())
        except ValidationError as error:
            return _validation_response(error)
        return Response(status_code=204)

    async def journal(self, http: HttpRequest) -> Response:
        if http.method == "GET":
            query = http.query_params
            return JSONResponse(self._journal.to_json(query.get("metadata_user_id"), query.get("contains")))
        for each in (self._journal, self._cache, self._scripts):
            each.clear()
        self._faults.remove()
        return Response(status_code=204)


async def _body(http: HttpRequest) -> bytes:
    """Read the whole body, even if it is too large: a client that is still sending wouldn't read the error."""
    size = 0
    chunks: list[bytes] = []
    async for chunk in http.stream():
        size += len(chunk)
        if size <= MAX_BYTES:
            chunks.append(chunk)
    if size > MAX_BYTES:
        raise ApiError(413, f"Request exceeds the maximum allowed number of bytes: {MAX_BYTES}.")
    return b"".join(chunks)


def _parse_request(http: HttpRequest, body: bytes, model: type[CountTokensRequest]) -> CountTokensRequest:
    """Authenticate, parse and validate a request. Raises ApiError."""
    headers = http.headers
    key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
    if key != CLAUDE_KEY:
        raise ApiError(401, "invalid x-api-key" if key else "x-api-key header is required")
    version = headers.get("anthropic-version")
    if version is None:
        raise invalid_request("anthropic-version: header is required")
    if version not in request_rules.VERSIONS:
        raise invalid_request(f'anthropic-version: "{version}" is not a valid version')
    request = parse(body, model)
    request_rules.check(request, version, _betas(http))
    return request


def _betas(http: HttpRequest) -> frozenset[str]:
    lists = (value.split(",") for value in http.headers.getlist("anthropic-beta"))
    return frozenset(beta.strip() for beta in itertools.chain.from_iterable(lists) if beta.strip())


def _record_request(entry: JournalEntry, request: MessagesRequest) -> None:
    entry.model, entry.stream = request.model, request.stream
    entry.tools = [tool.name for tool in request.tools]
    entry.messages = len(request.messages)
    entry.metadata_user_id = request.metadata.user_id


def _record_prompt(entry: JournalEntry, prompt: Prompt, usage: Usage) -> None:
    entry.tools_hash, entry.system_hash = prompt.tools_hash, prompt.system_hash
    entry.cache_read, entry.cache_write, entry.uncached = usage.read, usage.written, usage.uncached
    entry.cache_write_1h = usage.written_1h
    entry.input_total = prompt.total


def _headers(request_id: str) -> dict[str, str]:
    reset = (datetime.now(UTC) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    headers = {"request-id": request_id, SIMULATED_HEADER: "true"}
    for name, limit in _RATE_LIMITS.items():
        prefix = f"anthropic-ratelimit-{name}"
        headers |= {f"{prefix}-limit": str(limit), f"{prefix}-remaining": str(limit - 1), f"{prefix}-reset": reset}
    return headers


def _error_response(error: ApiError, request_id: str) -> Response:
    headers = _headers(request_id)
    if error.retry_after is not None:
        headers["retry-after"] = f"{error.retry_after:g}"
    return JSONResponse(error.body(request_id), error.status, headers)


async def _not_found(_: HttpRequest, __: Exception) -> Response:
    return _error_response(ApiError(404, "Not found"), new_id("req"))


def _validation_response(error: ValidationError) -> Response:
    """Return a 422 for an invalid body of a control endpoint, which is no part of the API."""
    return JSONResponse({"errors": error.errors(include_url=False, include_context=False)}, 422)
