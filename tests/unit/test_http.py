"""The edge between API Gateway and an endpoint: what is parsed, what is refused, and in which form."""

import base64
import json
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
from pam.platform.errors import PamError
from pam.platform.http import MAX_BODY_BYTES, HttpApi, HttpOperation, HttpRequest, HttpResponse, parse_json

USER = UUID("2f6f1f5e-3f0a-4c55-9d55-0a6b1c2d3e4f")
GONE = PamError(errors.EFFECT_NOT_FOUND, "Gone.")


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    depth: Decimal = Decimal(0)


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = "nobody"
    number: Annotated[int, Field(alias="no", le=9)] = 1
    inner: Inner = Inner()


class Context(LambdaContext):
    """What Powertools' logger wants to know of an invocation."""

    def __init__(self) -> None:
        self._function_name = "unit"
        self._memory_limit_in_mb = 512
        self._invoked_function_arn = "arn:aws:lambda:us-west-2:123456789012:function:unit"
        self._aws_request_id = "2f6f1f5e"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 10_000


def call(body: bytes = b"", query: list[tuple[str, str]] | None = None, path: str = "", **headers: str) -> HttpRequest:
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
    deadline = call().deadline
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
    """As API Gateway sends it; a body as base64, as for any type but text."""
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


def api() -> HttpApi:
    """Each kind of route, and the ways in which an endpoint can fail."""
    api = HttpApi(dict)

    @api.get("/things", Asked)
    def read(call: HttpRequest, asked: Asked) -> HttpResponse:
        return call.with_etag('"tag"', {"name": asked.name, "no": asked.number})

    @api.post("/things", Asked, status=201)
    def write(_: HttpRequest, asked: Asked) -> HttpResponse:
        failures = {
            "late": PamError(errors.REQUEST_IN_PROGRESS, "Later.", retry_after=3),
            "down": PamError(errors.STORE_UNAVAILABLE, "Down.", field="name"),
            "bug": ZeroDivisionError("secret"),
        }
        if asked.name in failures:
            raise failures[asked.name]
        return HttpResponse({"name": {1} if asked.name == "no JSON" else asked.name})

    @api.delete("/things/{id}")
    def remove(call: HttpRequest) -> HttpResponse:
        return HttpResponse({"id": str(call.path_uuid("id", missing=GONE))}, headers={"x-note": "gone"})

    return api


def answer(sent: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
    """Status, body and headers of the answer to an event."""
    reply = api()(sent, Context())
    return reply["statusCode"], json.loads(reply["body"]) if reply["body"] else None, reply["headers"]


def fault_of(work: Any) -> PamError:
    with pytest.raises(PamError) as caught:
        work()
    return caught.value


# Query strings


def test_an_empty_value_counts_as_absent() -> None:
    """A form with an empty field sends `name=`."""
    assert call(query=[("name", ""), ("no", "7")]).parameters(Asked) == Asked(no=7)


@pytest.mark.parametrize("values", [("a", "b"), ("a", "a"), ("", "a"), ("", "")])
def test_a_repeated_name_is_refused(values: tuple[str, str]) -> None:
    """Also with the same value, also with an empty one: nobody can know which was meant."""
    fault = fault_of(lambda: call(query=[("name", value) for value in values]).parameters(Asked))
    assert (fault.error, fault.field) == (errors.INVALID_REQUEST, "name")


def test_a_parameter_is_known_by_the_name_that_clients_use() -> None:
    """Not by that of the attribute."""
    fault = fault_of(lambda: call(query=[("number", "1")]).parameters(Asked))
    assert (fault.error, fault.field) == (errors.INVALID_REQUEST, "number")


@pytest.mark.parametrize("query", [[("x" * 5000, "1")], [("x" * 5000, "1"), ("x" * 5000, "2")]])
def test_a_name_that_a_client_made_up_comes_back_shortened(query: list[tuple[str, str]]) -> None:
    """Neither the sentence nor the field grows with it."""
    fault = fault_of(lambda: call(query=query).parameters(Asked))
    assert len(fault.message) < 100
    assert fault.field == "x" * 40


# Bodies


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null", b"true", b'[{"name": "a"}]'])
def test_json_that_is_no_object_is_refused(body: bytes) -> None:
    """With a sentence that says so, and no field."""
    fault = fault_of(lambda: call(body).json(Asked))
    assert (fault.error, fault.field) == (errors.INVALID_REQUEST, None)
    assert fault.message == "The request must be a JSON object."


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
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    """Also a name that is there twice at any depth, and nesting beyond any stack."""
    assert fault_of(lambda: parse_json(body)).error is errors.MALFORMED_JSON


def test_numbers_are_exact() -> None:
    """Not those of a float; what no number can be is not a number."""
    assert parse_json(b"[0.1, 1e2, -0, 12345678901234567890.5]") == [
        Decimal("0.1"),
        Decimal("1e2"),
        Decimal(0),
        Decimal("12345678901234567890.5"),
    ]
    assert all(number.is_nan() for number in parse_json(b"[NaN, 1e9999999999999999999]"))
    assert parse_json(b"[Infinity, -Infinity]") == [Decimal("Infinity"), Decimal("-Infinity")]


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        (b'{"inner": {"depth": "deep"}}', "inner.depth", "form"),
        (b'{"inner": {"width": 1}}', "inner.width", "know"),
        (b'{"inner": 1}', "inner", "form"),
        (b'{"no": 10}', "no", "form"),
        (b'{"name": null}', "name", "form"),
        (b'{"\\ud800": 1}', None, "characters"),
    ],
)
def test_the_field_to_mend_is_named(body: bytes, field: str | None, words: str) -> None:
    """By its path; half a surrogate pair can't be sent back."""
    fault = fault_of(lambda: call(body).json(Asked))
    assert (fault.error, fault.field) == (errors.INVALID_REQUEST, field)
    assert words in fault.message
    json.dumps(fault.body(), ensure_ascii=False).encode()


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    """No other exception leaves the parser."""
    with suppress(PamError):
        call(body).json(Asked)


# Headers and paths


@pytest.mark.parametrize("name", ["", "x", f"{USER}0", USER.hex, USER.urn, f"{{{USER}}}", "٣" * 32, f"{USER}\n"])
def test_what_is_no_uuid_names_nothing(name: str) -> None:
    """And is answered like what doesn't exist."""
    assert fault_of(lambda: call(path=name).path_uuid("id", missing=GONE)) is GONE
    assert call(path=str(USER).upper()).path_uuid("id", missing=GONE) == USER


@pytest.mark.parametrize("key", ["!", "~" * 128, "9b2f6c1e-5d0a-4e7c-8f43-2a1b0c9d8e7f", '"quoted"'])
def test_an_idempotency_key_is_any_printable_word(key: str) -> None:
    """As it came."""
    assert call(idempotency_key=key).idempotency_key == key
    assert call().idempotency_key is None


@pytest.mark.parametrize("key", ["", " ", "a b", "a\tb", "a\n", "é", "\x7f", "~" * 129])
def test_an_idempotency_key_that_is_none_is_refused(key: str) -> None:
    """Rather than taken for something else."""
    assert fault_of(lambda: call(idempotency_key=key).idempotency_key).error is errors.INVALID_IDEMPOTENCY_KEY


@pytest.mark.parametrize("known", ['"tag"', 'W/"tag"', '"a", W/"tag" ,"b"', "*", '"a",*'])
def test_what_the_caller_has_is_not_sent_again(known: str) -> None:
    """Among several tags, weak ones, or any."""
    assert call(if_none_match=known).with_etag('"tag"', {"a": 1}) == HttpResponse(None, 304, {"etag": '"tag"'})


@pytest.mark.parametrize("known", ["", '"other"', "tag", '"tag', 'w/"tag"', '""'])
def test_what_the_caller_has_not_is_sent(known: str) -> None:
    """A tag is its quotes, too."""
    reply = HttpResponse({"a": 1}, headers={"etag": '"tag"'})
    assert call(if_none_match=known).with_etag('"tag"', {"a": 1}) == reply
    assert call().with_etag('"tag"', {"a": 1}) == reply


# Whole requests


def test_a_route_parses_what_it_declares() -> None:
    """GET its query string, POST its body, with the status that the route declares."""
    status, body, headers = answer(event(query="name=Ann%20%C3%A9&no=2"))
    assert (status, body) == (200, {"name": "Ann é", "no": 2})
    assert (headers["cache-control"], headers["etag"]) == ("private, no-cache", '"tag"')
    assert answer(event("POST", body='{"name": "Zoë 🚐"}'.encode()))[:2] == (201, {"name": "Zoë 🚐"})
    status, body, headers = answer(event("DELETE", f"/things/{USER}"))
    assert (status, body, headers["x-note"]) == (200, {"id": str(USER)}, "gone")


def test_a_route_can_be_described() -> None:
    """Method, path, model and status are there to be read."""
    read, write, remove = api().operations
    assert (read.method, read.path, read.takes, read.status) == ("GET", "/things", Asked, 200)
    assert (write.method, write.path, write.takes, write.status) == ("POST", "/things", Asked, 201)
    assert (remove.method, remove.path, remove.takes, remove.status) == ("DELETE", "/things/{id}", None, 200)
    assert isinstance(read, HttpOperation)


def test_an_error_says_when_to_try_again() -> None:
    """In the body and as a header; nobody may keep it."""
    status, body, headers = answer(event("POST", body=b'{"name": "late"}'))
    assert (status, body) == (409, {"code": "request_in_progress", "message": "Later.", "retry_after": 3})
    assert (headers["retry-after"], headers["cache-control"]) == ("3", "no-store")
    status, body, headers = answer(event("POST", body=b'{"name": "down"}'))
    assert (status, body) == (503, {"code": "store_unavailable", "message": "Down.", "field": "name"})
    assert "retry-after" not in headers


@pytest.mark.parametrize("name", ["bug", "no JSON"])
def test_an_unforeseen_fault_is_told_without_detail(name: str) -> None:
    """Also one that shows only when the answer is written."""
    status, body, headers = answer(event("POST", body=json.dumps({"name": name}).encode()))
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
def test_an_address_that_is_not_ours_is_an_error_in_our_form(method: str, path: str, status: int, code: str) -> None:
    """Never a redirect: behind API Gateway it would lead astray."""
    assert answer(event(method, path))[:1] == (status,)
    assert answer(event(method, path))[1]["code"] == code


@pytest.mark.parametrize("claims", [{}, {"sub": ""}, {"sub": "ann"}, {"sub": "1"}])
def test_a_token_of_nobody_is_refused(claims: dict[str, str]) -> None:
    """The `sub` must be a UUID; no header or parameter takes its place."""
    status, body, _ = answer(event(query="user_id=" + str(USER), claims=claims))
    assert (status, body["code"]) == (403, "invalid_subject")


def test_a_body_is_as_large_as_it_may_be_and_no_larger() -> None:
    """Counted in bytes, before it is parsed, and for every method."""
    filled = b'{"name": "%s"}' % (b"x" * (MAX_BODY_BYTES - 12))
    assert len(filled) == MAX_BODY_BYTES
    assert answer(event("POST", body=filled))[0] == 201
    assert answer(event("POST", body=filled + b" "))[1]["code"] == "body_too_large"
    assert answer(event("GET", body=filled + b" "))[1]["code"] == "body_too_large"
