import base64
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.gateway.http_gateway import MAX_BODY, Router
from local.stack import LocalStack
from local.template import Route

EVENTS = Path(__file__).parent / "events"


def answer(http: httpx.Client, result: Any, **headers: str) -> httpx.Response:
    """The response to a function that returns `result`."""
    headers = {"content-type": "application/json", **headers}
    return http.post("/answers", content=json.dumps(result), headers=headers)


def echo(http: httpx.Client, path: str, **options: Any) -> dict[str, Any]:
    """The event that a function got."""
    response = http.request(options.pop("method", "GET"), path, **options)
    assert response.status_code == 200, response.text
    event: dict[str, Any] = response.json()
    return event


def test_request_becomes_a_documented_event(stack: LocalStack, http: httpx.Client) -> None:
    """A request becomes an event of payload format 2.0 as AWS documents it."""
    http.cookies.clear()
    request = httpx.Request(
        "GET",
        f"{stack.url}/echo/two%20words?a=1&b=x%20y&a=2&empty=",
        headers=[
            ("Accept", "*/*"),
            ("User-Agent", "a-browser/1.0"),
            ("X-Twice", "one"),
            ("X-Twice", "two"),
            ("Cookie", "first=1; second=a=b"),
        ],
    )
    event = http.send(request).json()
    expected = json.loads((EVENTS / "get_echo.json").read_text(encoding="utf-8"))
    host = stack.url.removeprefix("http://")
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", event["headers"]["x-amzn-trace-id"])
    assert re.fullmatch(r"[A-Za-z0-9+/]{15}=", event["requestContext"]["requestId"])
    time = event["requestContext"]["time"]
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", time)
    assert event["requestContext"]["timeEpoch"] > 1_700_000_000_000
    expected["headers"] |= {"host": host, "x-forwarded-port": host.split(":")[1]}
    expected["headers"]["x-amzn-trace-id"] = event["headers"]["x-amzn-trace-id"]
    for varying in ("requestId", "time", "timeEpoch"):
        expected["requestContext"][varying] = event["requestContext"][varying]
    assert event == expected


def test_claims_are_strings_in_the_event(http: httpx.Client, bearer: dict[str, str]) -> None:
    """The claims of a token are strings in the event."""
    event = echo(http, "/echo/static", headers=bearer)
    jwt = event["requestContext"]["authorizer"]["jwt"]
    assert jwt["scopes"] is None
    assert jwt["claims"]["client_id"] == "pam-web"
    assert jwt["claims"]["exp"].isdigit()


@pytest.mark.parametrize(
    ("content_type", "content", "body", "encoded"),
    [
        ("application/json", b'{"a": 1}', '{"a": 1}', False),
        ("text/plain; charset=utf-8", "é".encode(), "é", False),
        ("application/xml", b"<a/>", "<a/>", False),
        ("application/x-www-form-urlencoded", b"a=1", base64.b64encode(b"a=1").decode(), True),
        ("application/octet-stream", b"\xff\x00", base64.b64encode(b"\xff\x00").decode(), True),
        (None, b"a", base64.b64encode(b"a").decode(), True),
    ],
)
def test_body_is_text_or_base64_by_content_type(
    http: httpx.Client, content_type: str | None, content: bytes, body: str, encoded: bool
) -> None:
    """A body is text for the content types that AWS treats as text, and base64 for all others."""
    headers = {"content-type": content_type} if content_type else {}
    event = echo(http, "/echo/x/y", method="POST", content=content, headers=headers)
    assert (event["body"], event["isBase64Encoded"]) == (body, encoded)


def test_absent_parts_have_no_keys(http: httpx.Client) -> None:
    """A request without body, cookies, query or parameters has none of these keys."""
    event = echo(http, "/echo/x/y", method="DELETE")
    assert not {"body", "cookies", "queryStringParameters"} & event.keys()
    assert event["pathParameters"] == {"rest": "x/y"}


def test_static_route_precedes_parameters(http: httpx.Client, bearer: dict[str, str]) -> None:
    """A static path precedes a parameter, and that a greedy one."""
    assert echo(http, "/echo/static", headers=bearer)["routeKey"] == "GET /echo/static"
    assert echo(http, "/echo/other")["routeKey"] == "GET /echo/{name}"
    assert echo(http, "/echo/other/more")["routeKey"] == "ANY /echo/{rest+}"
    assert echo(http, "/echo/static", method="PUT")["routeKey"] == "ANY /echo/{rest+}"


def test_route_selection_is_independent_of_order() -> None:
    """Routes are selected by AWS's rules, whatever their order in the template."""

    def route(key: str) -> Route:
        method, _, path = key.partition(" ")
        return Route(method if path else "ANY", path or key, "f", None, (), 30)

    keys = [
        "$default",
        "ANY /{proxy+}",
        "GET /pets/{proxy+}",
        "ANY /pets/dog/1",
        "GET /pets/dog/{id}",
        "GET /pets/dog/1",
        "GET /pets/{kind}/1",
    ]
    router = Router(map(route, keys))
    for method, path, key, parameters in (
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("POST", "/pets/dog/1", "ANY /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/cat/1", "GET /pets/{kind}/1", {"kind": "cat"}),
        ("GET", "/pets/cat/2", "GET /pets/{proxy+}", {"proxy": "cat/2"}),
        ("POST", "/test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("GET", "/pets/dog/a%2Fb", "GET /pets/dog/{id}", {"id": "a/b"}),
        ("GET", "/", "$default", {}),
    ):
        found = router.match(method, path)
        assert found is not None
        assert (found[0].key, found[1]) == (key, parameters), path
    assert Router([route("GET /a.b")]).match("GET", "/aXb") is None


def test_unknown_route_is_a_404(http: httpx.Client) -> None:
    """A path or a method without a route is the API's own 404."""
    for method, path in (("GET", "/nothing"), ("GET", "/answers"), ("POST", "/"), ("GET", "/echo/")):
        response = http.request(method, path)
        assert (response.status_code, response.json()) == (404, {"message": "Not Found"}), path


def test_head_needs_its_own_route(http: httpx.Client, bearer: dict[str, str]) -> None:
    """HEAD needs a route of its own, and its response has no body."""
    response = http.head("/scoped", headers=bearer)
    assert (response.status_code, response.content) == (404, b"")
    response = http.head("/echo/x/y")
    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) > 0


def test_proxy_result_becomes_the_response(http: httpx.Client) -> None:
    """Status, headers, cookies and body of a result become the response, which also has a request id."""
    result = {
        "statusCode": 201,
        "headers": {"X-Number": 5, "X-Yes": True, "Content-Type": "text/csv", "ETag": '"a"'},
        "cookies": ["a=1; HttpOnly", "b=2"],
        "body": "é,1",
    }
    response = answer(http, result)
    assert (response.status_code, response.text) == (201, "é,1")
    assert response.headers["x-number"] == "5"
    assert response.headers["x-yes"] == "true"
    assert response.headers["content-type"] == "text/csv"
    assert response.headers.get_list("set-cookie") == ["a=1; HttpOnly", "b=2"]
    assert response.headers["apigw-requestid"]


@pytest.mark.parametrize(
    ("result", "body"),
    [({"a": 1}, '{"a": 1}'), ([1], "[1]"), ("text", "text"), (None, "null"), (5, "5")],
)
def test_result_without_status_is_a_json_body(http: httpx.Client, result: Any, body: str) -> None:
    """A result without status code is the JSON body of a 200."""
    response = answer(http, result)
    assert (response.status_code, response.text) == (200, body)
    assert response.headers["content-type"] == "application/json"


def test_base64_body_is_decoded(http: httpx.Client) -> None:
    """A base64 body is sent decoded."""
    result = {"statusCode": 200, "isBase64Encoded": True, "body": base64.b64encode(b"\xff\x00").decode()}
    assert answer(http, result).content == b"\xff\x00"


def test_not_modified_has_no_content_length(http: httpx.Client) -> None:
    """A 304 has its headers, and no content length."""
    response = answer(http, {"statusCode": 304, "headers": {"etag": '"v"'}})
    assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", '"v"')
    assert "content-length" not in response.headers


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "many"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"an": "object"}},
        {"statusCode": 200, "headers": {"x": ["a"]}},
        {"statusCode": 200, "headers": "x"},
        {"statusCode": 200, "isBase64Encoded": True, "body": "%%%"},
        {"raise": "an exception"},
    ],
)
def test_malformed_result_is_a_500(http: httpx.Client, result: Any) -> None:
    """A malformed result, or an error of the function, is a 500 without details."""
    response = answer(http, result)
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})


def test_import_error_is_a_500(http: httpx.Client) -> None:
    """A function that can't be imported is a 500."""
    assert http.get("/broken").status_code == 500


def test_integration_timeout_is_a_503(http: httpx.Client) -> None:
    """A function that takes longer than its integration's timeout is a 503."""
    response = http.post("/short-timeout", json={"sleep": 2})
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})


def test_too_large_body_is_a_413(http: httpx.Client) -> None:
    """A body of more than 10 MB, or than an event may have, is a 413, and the connection stays open."""
    for size in (MAX_BODY + 1, 7 * 1024 * 1024):
        response = http.post("/answers", content=b"1" * size, headers={"content-type": "text/plain"})
        assert (response.status_code, response.json()) == (413, {"message": "Request Entity Too Large"})
    assert answer(http, 1).status_code == 200


def test_preflight_is_answered_by_the_api(http: httpx.Client) -> None:
    """A preflight request is answered from the API's CORS settings, without a function."""
    asked = {"origin": "https://allowed.example", "access-control-request-method": "POST"}
    response = http.options("/answers", headers=asked)
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == "https://allowed.example"
    assert response.headers["access-control-allow-methods"] == "GET,POST"
    assert response.headers["access-control-allow-headers"] == "authorization"
    assert response.headers["access-control-max-age"] == "60"
    refused = http.options("/answers", headers=asked | {"origin": "https://other.example"})
    assert "access-control-allow-origin" not in refused.headers


def test_cors_headers_come_from_the_settings(http: httpx.Client) -> None:
    """CORS headers of a response come from the API's settings; a function's own are removed."""
    result = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}, "body": "x"}
    response = answer(http, result, origin="https://allowed.example")
    assert response.headers["access-control-allow-origin"] == "https://allowed.example"
    assert response.headers["access-control-expose-headers"] == "etag"
    assert "access-control-allow-origin" not in answer(http, result).headers
