"""Payload format 2.0: converts a request to an event, and a function's result to a response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html; for
behaviour that it doesn't specify, `docs/local.md` names the source.
"""

import base64
import binascii
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Scope

from local.lambda_runtime.function import Invocation
from local.template import Route
from local.template.intrinsics import ACCOUNT, API_ID

TEXT_TYPES = ("application/json", "application/javascript", "application/xml")
"""Content types, beside text/*, whose bodies are text in the event; all others are base64."""

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class ProxyResponse:
    """A response of the gateway, from a function's result or its own."""

    status: int
    headers: Headers
    body: bytes

    @classmethod
    def message(cls, status: int, text: str, headers: Iterable[tuple[str, str]] = ()) -> "ProxyResponse":
        """Return a response with the body `{"message": text}`."""
        body = json.dumps({"message": text}, separators=(",", ":")).encode()
        return cls(status, [("content-type", "application/json"), *headers], body)


def make_event(
    route: Route,
    scope: Scope,
    parameters: Mapping[str, str],
    body: bytes,
    claims: Mapping[str, Any] | None,
    request_id: str,
) -> dict[str, Any]:
    """Return the event of a request. `claims` is the authorizer's `jwt` object, None without authorizer."""
    now = datetime.now(UTC)
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name == "cookie":
            cookies += value.split("; ")
        else:
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    source_ip = scope["client"][0] if scope.get("client") else "127.0.0.1"
    host, _, port = headers.get("host", "").partition(":")
    headers["x-amzn-trace-id"] = f"Root=1-{int(now.timestamp()):08x}-{secrets.token_hex(12)}"
    headers["x-forwarded-for"] = source_ip
    headers["x-forwarded-port"] = port or "80"
    headers["x-forwarded-proto"] = scope["scheme"]
    query: dict[str, str] = {}
    raw_query = scope["query_string"].decode("latin-1")
    for name, value in parse_qsl(raw_query, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value

    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": scope["path"],
        "rawQueryString": raw_query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": API_ID,
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": scope["method"],
                "path": scope["path"],
                "protocol": f"HTTP/{scope['http_version']}",
                "sourceIp": source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": request_id,
            "routeKey": route.key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if query:
        event["queryStringParameters"] = query
    if parameters:
        event["pathParameters"] = dict(parameters)
    if claims is not None:
        event["requestContext"]["authorizer"] = {"jwt": claims}
    if body:
        event["body"], event["isBase64Encoded"] = _encode_body(body, headers.get("content-type", ""))
    return event


def _encode_body(body: bytes, content_type: str) -> tuple[str, bool]:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type.startswith("text/") or media_type in TEXT_TYPES:
        try:
            return body.decode("utf-8"), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def map_result(invocation: Invocation) -> ProxyResponse:
    """Convert a function's result to a response; an error or a malformed result becomes a 500."""
    malformed = ProxyResponse.message(500, "Internal Server Error")
    if invocation.function_error:
        return malformed
    result = invocation.json()
    if not isinstance(result, dict) or "statusCode" not in result:
        plain = result.encode() if isinstance(result, str) else invocation.payload
        return ProxyResponse(200, [("content-type", "application/json")], plain)
    try:
        status = int(result["statusCode"])
        pairs = [(str(name).lower(), _header_text(value)) for name, value in (result.get("headers") or {}).items()]
        pairs += [("set-cookie", str(cookie)) for cookie in result.get("cookies") or []]
        text: str = result.get("body") or ""
        body = base64.b64decode(text, validate=True) if result.get("isBase64Encoded") else text.encode()
    except (TypeError, ValueError, AttributeError, binascii.Error):
        return malformed
    if not 200 <= status <= 599:
        return malformed
    if body and not any(name == "content-type" for name, _ in pairs):
        pairs.append(("content-type", "text/plain;charset=UTF-8"))
    return ProxyResponse(status, pairs, body)


def _header_text(value: Any) -> str:
    if isinstance(value, (dict, list)) or value is None:
        raise TypeError(f"{value!r} isn't a header value")
    return str(value).lower() if isinstance(value, bool) else str(value)


def header(scope: Scope, name: bytes) -> str:
    """Return the value of a request's header with this lower-case name, or an empty string.

    As in an event, the values of repeated headers are joined by commas: two tokens are none.
    """
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)
