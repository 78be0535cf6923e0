"""The HTTP API between API Gateway and an endpoint: parsing, validation, errors."""

import base64
import json
import time
from contextlib import suppress
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from pam.platform import errors
from pam.platform.clock import utc_now
from pam.platform.dynamodb import DynamoTable
from pam.platform.errors import PamError
from pam.platform.http import MAX_BODY_BYTES, HttpApi, HttpOperation, HttpRequest, HttpResponse, parse_json
from pam.platform.request_limit import RequestLimit

USER = UUID("2f6f1f5e-3f0a-4c55-9d55-0a6b1c2d3e4f")
GONE = PamError(errors.EFFECT_NOT_FOUND, "Gone.")


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    depth: Decimal = Decimal(0)


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = "nobody"
    number: Annotated[int, Field(alias="no", le=9)] = 1
    inner: Inner = Inner()


class Context(LambdaContext):
    """The attributes of an invocation that Powertools' logger reads."""

    def __init__(self) -> None:
        self._function_name = "unit"
        self._memory_limit_in_mb = 512
        self._invoked_function_arn = "arn:aws:lambda:us-west-2:123456789012:function:unit"
        self._aws_request_id = "2f6f1f5e"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 10_000


def request(
    body: bytes = b"", query: list[tuple[str, str]] | None = None, path: str = "", **headers: str
) -> HttpRequest:
    return HttpRequest(
        user_id=USER,
        path={"id": path},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        query=query or [],
        body=body,
        context=Context(),
    )


def test_deadline_of_a_request_leaves_time_for_the_response() -> None:
    """A function with 10 s left gives its endpoint 9.5 s."""
    deadline = request().deadline
    assert 9 < deadline.left_s <= 9.5
    assert deadline.at_most(2).left_s <= 2


def event(
    method: str = "GET",
    path: str = "/things",
    *,
    query: str = "",
    body: bytes | None = None,
    claims: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return an event as API Gateway sends it, its body in base64."""
    http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "198.51.100.7", "userAgent": ""}
    sent: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "api.example"},
        "requestContext": {
            "authorizer": {"jwt": {"claims": {"sub": str(USER)} if claims is None else claims}},
            "http": http,
            "requestId": "request",
            "stage": "$default",
        },
        "isBase64Encoded": body is not None,
    }
    return sent if body is None else sent | {"body": base64.b64encode(body).decode()}


def no_limit() -> RequestLimit:
    """Return a limit that no test reaches, and which therefore never asks its table."""
    return RequestLimit(DynamoTable(None, ""), 1_000_000, utc_now)


def api() -> HttpApi:
    """Return an API with each kind of route, whose POST fails in several ways."""
    api = HttpApi(dict, no_limit)

    @api.get("/things", Thing)
    def read(request: HttpRequest, thing: Thing) -> HttpResponse:
        return request.with_etag('"tag"', {"name": thing.name, "no": thing.number})

    @api.post("/things", Thing, status=201)
    def write(_: HttpRequest, thing: Thing) -> HttpResponse:
        failures = {
            "late": PamError(errors.REQUEST_IN_PROGRESS, "Later.", retry_after=3),
            "down": PamError(errors.STORE_UNAVAILABLE, "Down.", field="name"),
            "bug": ZeroDivisionError("secret"),
        }
        if thing.name in failures:
            raise failures[thing.name]
        return HttpResponse({"name": {1} if thing.name == "no JSON" else thing.name})

    @api.delete("/things/{id}")
    def remove(request: HttpRequest) -> HttpResponse:
        return HttpResponse({"id": str(request.path_uuid("id", missing=GONE))}, headers={"x-note": "gone"})

    return api


def respond(sent: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
    """Return status, body and headers of the response to an event."""
    reply = api()(sent, Context())
    return reply["statusCode"], json.loads(reply["body"]) if reply["body"] else None, reply["headers"]


def error_of(function: Any) -> PamError:
    with pytest.raises(PamError) as raised:
        function()
    return raised.value


# Query strings


def test_empty_parameter_counts_as_absent() -> None:
    """A form with an empty field sends `name=`."""
    assert request(query=[("name", ""), ("no", "7")]).parameters(Thing) == Thing(no=7)


@pytest.mark.parametrize("values", [("a", "b"), ("a", "a"), ("", "a"), ("", "")])
def test_repeated_parameter_is_refused(values: tuple[str, str]) -> None:
    """A parameter that occurs twice is ambiguous, also with the same or an empty value."""
    error = error_of(lambda: request(query=[("name", value) for value in values]).parameters(Thing))
    assert (error.error, error.field) == (errors.INVALID_REQUEST, "name")


def test_parameter_is_named_by_its_alias() -> None:
    """The name of the attribute is unknown to clients."""
    error = error_of(lambda: request(query=[("number", "1")]).parameters(Thing))
    assert (error.error, error.field) == (errors.INVALID_REQUEST, "number")


@pytest.mark.parametrize("query", [[("x" * 5000, "1")], [("x" * 5000, "1"), ("x" * 5000, "2")]])
def test_unknown_field_name_is_truncated_in_the_error(query: list[tuple[str, str]]) -> None:
    """Neither the message nor the field grows with the name."""
    error = error_of(lambda: request(query=query).parameters(Thing))
    assert len(error.message) < 100
    assert error.field == "x" * 40


# Bodies


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null", b"true", b'[{"name": "a"}]'])
def test_json_body_that_is_no_object_is_refused(body: bytes) -> None:
    """The message says so, and names no field."""
    error = error_of(lambda: request(body).json(Thing))
    assert (error.error, error.field) == (errors.INVALID_REQUEST, None)
    assert error.message == "The request must be a JSON object."


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{'name': 1}",
        b'{"name": "a",}',
        b'{"name": "a"} {}',
        b'{"name": "\xff"}',
        b'\xff\xfe{\x00}\x00"',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"no": 01}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_malformed_json_is_refused(body: bytes) -> None:
    """Names that occur twice at any depth and nesting beyond any stack are refused, too."""
    assert error_of(lambda: parse_json(body)).error is errors.MALFORMED_JSON


def test_json_numbers_are_exact() -> None:
    """They are parsed as `Decimal`; an infinite one, or one beyond the range of floats, is NaN."""
    assert parse_json(b"[0.1, 1e2, -0, 12345678901234567890.5]") == [
        Decimal("0.1"),
        Decimal("1e2"),
        Decimal(0),
        Decimal("12345678901234567890.5"),
    ]
    assert all(number.is_nan() for number in parse_json(b"[NaN, 1e9999999999999999999]"))
    assert all(number.is_nan() for number in parse_json(b"[Infinity, -Infinity, 1e400]"))


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        (b'{"inner": {"depth": "deep"}}', "inner.depth", "form"),
        (b'{"inner": {"width": 1}}', "inner.width", "know"),
        (b'{"inner": 1}', "inner", "form"),
        (b'{"no": 10}', "no", "at most 9"),
        (b'{"name": null}', "name", "form"),
        (b'{"\\ud800": 1}', None, "characters"),
    ],
)
def test_invalid_field_is_named_by_its_path(body: bytes, field: str | None, words: str) -> None:
    """Half a surrogate pair has no name that could be sent back."""
    error = error_of(lambda: request(body).json(Thing))
    assert (error.error, error.field) == (errors.INVALID_REQUEST, field)
    assert words in error.message
    json.dumps(error.body(), ensure_ascii=False).encode()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-8-sig", "cp037"])
def test_body_in_another_encoding_is_refused(encoding: str) -> None:
    """Bodies are UTF-8, as the docs say, without a mark at their start."""
    assert error_of(lambda: request('{"name": "é"}'.encode(encoding)).json(Thing)).error == errors.MALFORMED_JSON
    assert respond(event("POST", body='{"name": "é"}'.encode(encoding)))[1]["code"] == "malformed_json"


@pytest.mark.parametrize("depth", [40, 990, 1100, 7000])
def test_deeply_nested_body_is_answered(depth: int) -> None:
    """With an error that says what is wrong."""
    status, body, _ = respond(event("POST", body=b'{"name": ' + b"[" * depth + b"]" * depth + b"}"))
    assert (status, body["code"]) == (400, "malformed_json")
    assert "nested" in body["message"]


def test_repeated_parameters_take_linear_time() -> None:
    """Each name is looked up once."""
    query = [(f"n{number}", "1") for number in range(20_000)]
    began = time.process_time()
    assert error_of(lambda: request(query=[*query, ("n19999", "1")]).parameters(Thing)).field == "n19999"
    assert time.process_time() - began < 1


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_body_is_parsed_or_refused(body: bytes) -> None:
    """The parser raises nothing but `PamError`."""
    with suppress(PamError):
        request(body).json(Thing)


# Headers and paths


@pytest.mark.parametrize("name", ["", "x", f"{USER}0", USER.hex, USER.urn, f"{{{USER}}}", "٣" * 32, f"{USER}\n"])
def test_invalid_uuid_in_the_path_is_not_found(name: str) -> None:
    """It has the same response as an unknown id."""
    assert error_of(lambda: request(path=name).path_uuid("id", missing=GONE)) is GONE
    assert request(path=str(USER).upper()).path_uuid("id", missing=GONE) == USER


@pytest.mark.parametrize("key", ["!", "~" * 128, "9b2f6c1e-5d0a-4e7c-8f43-2a1b0c9d8e7f", '"quoted"'])
def test_printable_idempotency_key_is_accepted(key: str) -> None:
    """It is used unchanged."""
    assert request(idempotency_key=key).idempotency_key == key
    assert request().idempotency_key is None


@pytest.mark.parametrize("key", ["", " ", "a b", "a\tb", "a\n", "é", "\x7f", "~" * 129])
def test_invalid_idempotency_key_is_refused(key: str) -> None:
    """A key that is empty, too long or unprintable is an error."""
    assert error_of(lambda: request(idempotency_key=key).idempotency_key).error is errors.INVALID_IDEMPOTENCY_KEY


@pytest.mark.parametrize("known", ['"tag"', 'W/"tag"', '"a", W/"tag" ,"b"', "*", '"a",*'])
def test_matching_etag_is_not_modified(known: str) -> None:
    """A tag matches among several, as a weak one, or as any."""
    assert request(if_none_match=known).with_etag('"tag"', {"a": 1}) == HttpResponse(None, 304, {"etag": '"tag"'})


@pytest.mark.parametrize("known", ["", '"other"', "tag", '"tag', 'w/"tag"', '""'])
def test_other_etag_gets_the_body(known: str) -> None:
    """A tag includes its quotes."""
    reply = HttpResponse({"a": 1}, headers={"etag": '"tag"'})
    assert request(if_none_match=known).with_etag('"tag"', {"a": 1}) == reply
    assert request().with_etag('"tag"', {"a": 1}) == reply


# Whole requests


def test_route_parses_its_model() -> None:
    """GET parses the query string, POST the body; the status is the route's."""
    status, body, headers = respond(event(query="name=Ann%20%C3%A9&no=2"))
    assert (status, body) == (200, {"name": "Ann é", "no": 2})
    assert (headers["cache-control"], headers["etag"]) == ("private, no-cache", '"tag"')
    assert respond(event("POST", body='{"name": "Zoë 🚐"}'.encode()))[:2] == (201, {"name": "Zoë 🚐"})
    status, body, headers = respond(event("DELETE", f"/things/{USER}"))
    assert (status, body, headers["x-note"]) == (200, {"id": str(USER)}, "gone")


def test_operations_describe_the_routes() -> None:
    """Each has its method, path, model and status."""
    read, write, remove = api().operations
    assert (read.method, read.path, read.takes, read.status) == ("GET", "/things", Thing, 200)
    assert (write.method, write.path, write.takes, write.status) == ("POST", "/things", Thing, 201)
    assert (remove.method, remove.path, remove.takes, remove.status) == ("DELETE", "/things/{id}", None, 200)
    assert isinstance(read, HttpOperation)


def test_error_has_retry_after() -> None:
    """It is in the body and in a header; no cache may store the response."""
    status, body, headers = respond(event("POST", body=b'{"name": "late"}'))
    assert (status, body) == (409, {"code": "request_in_progress", "message": "Later.", "retry_after": 3})
    assert (headers["retry-after"], headers["cache-control"]) == ("3", "no-store")
    status, body, headers = respond(event("POST", body=b'{"name": "down"}'))
    assert (status, body) == (503, {"code": "store_unavailable", "message": "Down.", "field": "name"})
    assert "retry-after" not in headers


@pytest.mark.parametrize("name", ["bug", "no JSON"])
def test_unexpected_exception_is_an_internal_error_without_details(name: str) -> None:
    """The same holds for one that occurs when the response is rendered."""
    status, body, headers = respond(event("POST", body=json.dumps({"name": name}).encode()))
    assert (status, body["code"]) == (500, "internal_error")
    assert "secret" not in body["message"]
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/thing", 404, "not_found"),
        ("GET", "/things/", 404, "not_found"),
        ("DELETE", f"/things/{USER}/", 404, "not_found"),
        ("DELETE", "/things/a/b", 404, "not_found"),
        ("DELETE", "/things/a", 404, "effect_not_found"),
        ("PUT", "/things", 405, "method_not_allowed"),
    ],
)
def test_unknown_path_is_a_json_error(method: str, path: str, status: int, code: str) -> None:
    """There is never a redirect: behind API Gateway it would lose the stage."""
    assert respond(event(method, path))[:1] == (status,)
    assert respond(event(method, path))[1]["code"] == code


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"sub": ""},
        {"sub": "ann"},
        {"sub": "1"},
        {"sub": f"{{{USER}}}"},
        {"sub": f"urn:uuid:{USER}"},
        {"sub": USER.hex},
        {"sub": str(USER).upper()},
        {"sub": f"{USER}\n"},
        {"sub": f" {USER}"},
    ],
)
def test_token_without_a_uuid_is_refused(claims: dict[str, str]) -> None:
    """The `sub` must be a UUID in canonical form; no header or parameter replaces it."""
    status, body, _ = respond(event(query="user_id=" + str(USER), claims=claims))
    assert (status, body["code"]) == (403, "invalid_subject")


def test_body_over_the_maximum_is_refused() -> None:
    """It is measured in bytes, before parsing, for every method."""
    filled = b'{"name": "%s"}' % (b"x" * (MAX_BODY_BYTES - 12))
    assert len(filled) == MAX_BODY_BYTES
    assert respond(event("POST", body=filled))[0] == 201
    assert respond(event("POST", body=filled + b" "))[1]["code"] == "body_too_large"
    assert respond(event("GET", body=filled + b" "))[1]["code"] == "body_too_large"
