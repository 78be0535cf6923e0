"""The HTTP API of a Lambda function: Starlette behind Mangum, JSON bodies, errors as `{code, message}`."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, TypeVar
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext
from mangum import Mangum
from pydantic import BaseModel
from snapshot_restore_py import register_before_snapshot
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pam.platform import errors
from pam.platform.deadline import Deadline
from pam.platform.dimensions import Tier
from pam.platform.errors import PamError
from pam.platform.observability import instrument, log_error, logger
from pam.platform.request_limit import RequestLimit
from pam.platform.request_metrics import record_answer, record_request_error
from pam.platform.uuids import parse_canonical_uuid, parse_uuid
from pam.platform.validation import parse_json, truncate, validate

# Far more than any request needs: the longest field is a text of 500 characters.
MAX_BODY_BYTES = 16 * 1024

# No standard limits the length of an idempotency key; a UUID has 36 characters.
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,128}")

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class HttpResponse:
    """A response: a JSON body, or none with a 304. Without a status it has that of its route."""

    body: Mapping[str, Any] | None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def render(self, default_status: int) -> Response:
        """Return Starlette's response. It is a user's own: no shared cache may store it."""
        content = b"" if self.body is None else json.dumps(self.body, ensure_ascii=False).encode()
        headers = {"cache-control": "private, no-cache"} | self.headers
        return Response(content, self.status or default_status, headers, media_type="application/json")


@dataclass(frozen=True)
class HttpRequest:
    """An authenticated request."""

    user_id: UUID
    path: dict[str, str]
    headers: Mapping[str, str]
    query: list[tuple[str, str]]
    body: bytes
    context: LambdaContext

    @cached_property
    def deadline(self) -> Deadline:
        """When the response is needed."""
        return Deadline.of_invocation(self.context)

    def json(self, model: type[Model]) -> Model:
        """Return the body as `model`. Raises `PamError` for malformed JSON and invalid fields."""
        return validate(model, parse_json(self.body))

    def parameters(self, model: type[Model]) -> Model:
        """Return the query string as `model`; an empty value counts as absent, a repeated name is refused."""
        seen: set[str] = set()
        for name, _ in self.query:
            if name in seen:
                raise PamError(
                    errors.INVALID_REQUEST,
                    f"“{truncate(name)}” is there more than once.",
                    field=truncate(name),
                    field_is_known=False,
                )
            seen.add(name)
        return validate(model, {name: value for name, value in self.query if value != ""})

    def path_uuid(self, name: str, missing: PamError) -> UUID:
        """Return a UUID from the path. Raises `missing` for anything else, since it can't identify anything."""
        value = self.path[name]
        try:
            return parse_uuid(value)
        except ValueError:
            raise missing from None

    @property
    def idempotency_key(self) -> str | None:
        """The `Idempotency-Key` header, or None. Raises `PamError` for an invalid one."""
        key = self.headers.get("idempotency-key")
        if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
            raise PamError(
                errors.INVALID_IDEMPOTENCY_KEY,
                "The Idempotency-Key must be 1 to 128 printable characters without spaces.",
            )
        return key

    def with_etag(self, etag: str, body: Mapping[str, Any]) -> HttpResponse:
        """Return the body with its `ETag`, or 304 where `If-None-Match` contains it."""
        cached = {tag.strip().removeprefix("W/") for tag in self.headers.get("if-none-match", "").split(",")}
        if etag in cached or "*" in cached:
            return HttpResponse(None, 304, {"etag": etag})
        return HttpResponse(body, headers={"etag": etag})


@dataclass(frozen=True)
class HttpOperation:
    """A route. The description of the API is generated from it."""

    method: str
    path: str
    takes: type[BaseModel] | None
    """The model of the query string (GET, DELETE) or of the body (POST, PATCH); None where there is only the path."""
    status: int
    """The status of a successful response."""
    endpoint: Callable[..., HttpResponse]
    tier: int | None
    """That of its answers; None where each answer has its own, or there is none."""
    is_question: bool = False
    """Whether it takes a question in words, whose answer has a tier."""

    def run(self, request: HttpRequest) -> HttpResponse:
        """Call the endpoint. Raises what it raises, and `PamError` for an invalid request."""
        if self.takes is None:
            return self.endpoint(request)
        parse = request.parameters if self.method in ("GET", "DELETE") else request.json
        return self.endpoint(request, parse(self.takes))


Endpoint = Callable[[HttpRequest, Model], HttpResponse]
BareEndpoint = Callable[[HttpRequest], HttpResponse]


class HttpApi:
    """The routes of one Lambda function, and its handler.

    Paths use Starlette's `{name}`. Exceptions of an endpoint become errors as JSON.
    """

    def __init__(
        self, dependencies: Callable[[], object], request_limit: Callable[[], RequestLimit], tier: int | None = None
    ) -> None:
        """`dependencies` and `request_limit` are built before a SnapStart snapshot is taken; `tier` is for metrics."""
        register_before_snapshot(dependencies)
        register_before_snapshot(request_limit)
        self._request_limit = request_limit
        self._tier = tier
        self.operations: list[HttpOperation] = []
        self._handler: Callable[[dict[str, Any], LambdaContext], dict[str, Any]] | None = None

    def get(self, path: str, takes: type[Model]) -> Callable[[Endpoint[Model]], Endpoint[Model]]:
        """Register an endpoint whose query string is parsed into `takes`."""
        return self._register("GET", path, takes, 200)

    def post(
        self, path: str, takes: type[Model], *, status: int = 200, is_question: bool = False
    ) -> Callable[[Endpoint[Model]], Endpoint[Model]]:
        """Register an endpoint whose JSON body is parsed into `takes`; `is_question` where that is a question."""
        return self._register("POST", path, takes, status, is_question=is_question)

    def patch(self, path: str, takes: type[Model]) -> Callable[[Endpoint[Model]], Endpoint[Model]]:
        """Register an endpoint whose JSON body is parsed into `takes`: the fields to be changed."""
        return self._register("PATCH", path, takes, 200)

    def delete(self, path: str) -> Callable[[BareEndpoint], BareEndpoint]:
        """Register an endpoint without query string and body."""

        def register(endpoint: BareEndpoint) -> BareEndpoint:
            self.operations.append(HttpOperation("DELETE", path, None, 200, endpoint, self._tier))
            return endpoint

        return register

    def delete_confirmed(self, path: str, takes: type[Model]) -> Callable[[Endpoint[Model]], Endpoint[Model]]:
        """Register an endpoint that deletes, whose query string is parsed into `takes`: what confirms it."""
        return self._register("DELETE", path, takes, 200)

    def _register(
        self, method: str, path: str, takes: type[Model], status: int, *, is_question: bool = False
    ) -> Callable[[Endpoint[Model]], Endpoint[Model]]:
        def register(endpoint: Endpoint[Model]) -> Endpoint[Model]:
            self.operations.append(HttpOperation(method, path, takes, status, endpoint, self._tier, is_question))
            return endpoint

        return register

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Handle one API Gateway event (HTTP API, payload 2.0)."""
        if self._handler is None:
            routes = [
                Route(each.path, partial(_serve, self._request_limit(), each), methods=[each.method])
                for each in self.operations
            ]
            app = Starlette(routes=routes, exception_handlers={HTTPException: _no_route})
            # API Gateway distinguishes `/a` from `/a/`, and a redirect would lose the stage in the path.
            app.router.redirect_slashes = False
            self._handler = instrument(Mangum(app, lifespan="off"))
        return self._handler(event, context)


async def _serve(request_limit: RequestLimit, operation: HttpOperation, request: Request) -> Response:
    """Run an operation on the event loop itself: a Lambda environment has one request at a time."""
    began = time.monotonic()
    try:
        parsed = await _parse(request)
        request_limit.take(parsed.user_id)
        answer = operation.run(parsed)
        response = answer.render(operation.status)
    except PamError as error:
        record_request_error(error, operation.tier)
        log_error(error)
        return _error_response(error)
    except Exception:
        # Logged in full, and reported without details.
        record_request_error(None, operation.tier)
        logger.exception("unexpected error")
        internal = PamError(errors.INTERNAL_ERROR, "Something went wrong on PAM's side. Please try again.")
        return _error_response(internal)
    tier = operation.tier or (answer.body or {}).get("tier")
    if tier != Tier.CHAT:  # a question that is left to the chat isn't answered yet
        milliseconds = (time.monotonic() - began) * 1000
        record_answer(f"{operation.method} {operation.path}", tier, milliseconds, is_question=operation.is_question)
    return response


def _error_response(error: PamError) -> Response:
    headers = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
    return HttpResponse(error.body(), headers=headers | {"cache-control": "no-store"}).render(error.error.status)


async def _no_route(_: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == 405:
        return _error_response(PamError(errors.METHOD_NOT_ALLOWED, "That can't be done at this address."))
    return _error_response(PamError(errors.NOT_FOUND, "There is nothing at this address."))


async def _parse(request: Request) -> HttpRequest:
    event = request.scope["aws.event"]
    body = await request.body()
    if len(body) > MAX_BODY_BYTES:
        raise PamError(errors.BODY_TOO_LARGE, "That is more text than PAM can take at once.")
    return HttpRequest(
        user_id=_user_id(event),
        path=request.path_params,
        headers=request.headers,
        query=request.query_params.multi_items(),
        body=body,
        context=request.scope["aws.context"],
    )


def _user_id(event: dict[str, Any]) -> UUID:
    """Return the `sub` that the JWT authorizer verified: the only source of user ids.

    An ID token is for the client that asked for it, and isn't accepted, whatever scopes its issuer gave it.
    """
    try:
        claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
        if claims.get("token_use", "access") != "access":
            raise PamError(errors.INVALID_SUBJECT, "This sign-in is of the wrong kind: an access token is needed.")
        return parse_canonical_uuid(claims["sub"])
    except (KeyError, ValueError):
        raise PamError(errors.INVALID_SUBJECT, "This sign-in doesn't belong to a traveller.") from None
