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


def test_event(stack: LocalStack, http: httpx.Client) -> None:
    """A request becomes an event of payload format 2.0, in the form that the service documents."""
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


def test_claims(http: httpx.Client, bearer: dict[str, str]) -> None:
    """The claims of a token reach the function as strings."""
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
def test_body(http: httpx.Client, content_type: str | None, content: bytes, body: str, encoded: bool) -> None:
    """A body is text for the content types that the service takes for text, and base64 for all others."""
    headers = {"content-type": content_type} if content_type else {}
    event = echo(http, "/echo/x/y", method="POST", content=content, headers=headers)
    assert (event["body"], event["isBase64Encoded"]) == (body, encoded)


def test_no_body(http: httpx.Client) -> None:
    """A request without body, cookies, query or parameters has none of these keys."""
    event = echo(http, "/echo/x/y", method="DELETE")
    assert not {"body", "cookies", "queryStringParameters"} & event.keys()
    assert event["pathParameters"] == {"rest": "x/y"}


def test_route_priority(http: httpx.Client, bearer: dict[str, str]) -> None:
    """A static path wins over a parameter, and that over a greedy one."""
    assert echo(http, "/echo/static", headers=bearer)["routeKey"] == "GET /echo/static"
    assert echo(http, "/echo/other")["routeKey"] == "GET /echo/{name}"
    assert echo(http, "/echo/other/more")["routeKey"] == "ANY /echo/{rest+}"
    assert echo(http, "/echo/static", method="PUT")["routeKey"] == "ANY /echo/{rest+}"


def test_router() -> None:
    """Routes are found as the service finds them, whatever order the template has them in."""

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


def test_unknown_route(http: httpx.Client) -> None:
    """A path or a method without a route is the API's own 404."""
    for method, path in (("GET", "/nothing"), ("GET", "/answers"), ("POST", "/"), ("GET", "/echo/")):
        response = http.request(method, path)
        assert (response.status_code, response.json()) == (404, {"message": "Not Found"}), path


def test_head(http: httpx.Client, bearer: dict[str, str]) -> None:
    """HEAD isn't GET: it needs a route of its own, and its answer has no body."""
    response = http.head("/scoped", headers=bearer)
    assert (response.status_code, response.content) == (404, b"")
    response = http.head("/echo/x/y")
    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) > 0


def test_full_response(http: httpx.Client) -> None:
    """Status, headers, cookies and body of a result become the response, beside a request id."""
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
def test_bare_result(http: httpx.Client, result: Any, body: str) -> None:
    """A result without status code is the JSON body of a 200."""
    response = answer(http, result)
    assert (response.status_code, response.text) == (200, body)
    assert response.headers["content-type"] == "application/json"


def test_base64_response(http: httpx.Client) -> None:
    """A body that says it is base64 is sent as the bytes that it stands for."""
    result = {"statusCode": 200, "isBase64Encoded": True, "body": base64.b64encode(b"\xff\x00").decode()}
    assert answer(http, result).content == b"\xff\x00"


def test_not_modified(http: httpx.Client) -> None:
    """A 304 keeps its headers and claims no length."""
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
def test_malformed_result(http: httpx.Client, result: Any) -> None:
    """A result that is no response, or an error of the function, is a 500 that gives nothing away."""
    response = answer(http, result)
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})


def test_import_error(http: httpx.Client) -> None:
    """A function that can't be imported gives a 500."""
    assert http.get("/broken").status_code == 500


def test_integration_timeout(http: httpx.Client) -> None:
    """When a function takes longer than its integration waits, the client hears 503."""
    response = http.post("/impatient", json={"sleep": 2})
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})


def test_largest_body(http: httpx.Client) -> None:
    """More than 10 MB, or more than the function may get, is refused with 413, and the connection survives it."""
    for size in (MAX_BODY + 1, 7 * 1024 * 1024):
        response = http.post("/answers", content=b"1" * size, headers={"content-type": "text/plain"})
        assert (response.status_code, response.json()) == (413, {"message": "Request Entity Too Large"})
    assert answer(http, 1).status_code == 200


def test_preflight(http: httpx.Client) -> None:
    """A preflight is answered by the API from its CORS settings, and not by a function."""
    asked = {"origin": "https://allowed.example", "access-control-request-method": "POST"}
    response = http.options("/answers", headers=asked)
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == "https://allowed.example"
    assert response.headers["access-control-allow-methods"] == "GET,POST"
    assert response.headers["access-control-allow-headers"] == "authorization"
    assert response.headers["access-control-max-age"] == "60"
    refused = http.options("/answers", headers=asked | {"origin": "https://other.example"})
    assert "access-control-allow-origin" not in refused.headers


def test_cors_headers(http: httpx.Client) -> None:
    """CORS headers of a response come from the API's settings; a function's own are dropped."""
    result = {"statusCode": 200, "headers": {"AccessLogEntry-Control-Allow-Origin": "*"}, "body": "x"}
    response = answer(http, result, origin="https://allowed.example")
    assert response.headers["access-control-allow-origin"] == "https://allowed.example"
    assert response.headers["access-control-expose-headers"] == "etag"
    assert "access-control-allow-origin" not in answer(http, result).headers
