"""The responses of a route: its answer, its errors, and those of API Gateway."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, WithJsonSchema

from local.openapi.routes import COMMON_CODES, RouteDescription, error_codes
from local.openapi.schemas import Json, ref
from pam.platform.errors import ALL, ErrorCode
from pam.platform.http import HttpOperation


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of the meanings of an ambiguous field."""

    text: Annotated[str, Field(description="How it reads.", examples=["$1,200.00"])]
    value: Annotated[str, Field(description="The value of the field that means only this.", examples=["1200.00 USD"])]


@dataclass(frozen=True, kw_only=True)
class Error:
    """A request that is refused, or a fault of PAM's own."""

    code: Annotated[
        str,
        WithJsonSchema({"type": "string", "enum": [error.code for error in ALL]}),
        Field(description="Stable: clients may rely on it."),
    ]
    message: Annotated[str, Field(description="A sentence for the traveller.")]
    field: Annotated[str | None, Field(description="What to correct.")] = None
    retry_after: Annotated[int | None, Field(ge=1, description="Seconds to wait before a retry.", examples=[5])] = None
    choices: Annotated[tuple[Choice, ...] | None, Field(description="What an ambiguous field can mean.")] = None


@dataclass(frozen=True, kw_only=True)
class GatewayMessage:
    """API Gateway's own response, before or instead of PAM's."""

    message: str


# API Gateway's own responses, beside which PAM may have one with the same status.
_GATEWAY = {
    401: "The token is missing, expired, or not from the issuer.",
    413: "More than 10 MB.",
    429: "More requests a second than the stage takes.",
    500: "The function failed before it could answer.",
    503: "The function took too long, or is out of capacity.",
}

_COMMON_STATUSES = (401, 403, 413, 429, 500)

HEADERS: Json = {
    "ETag": {
        "description": "The same for the same figures: send it back as `If-None-Match`.",
        "required": True,
        "schema": {"type": "string"},
    },
    "RetryAfter": {
        "description": "Seconds to wait before a retry, as in `retry_after`.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "Challenge": {
        "description": "What is wrong with the token. Not for parsing.",
        "required": True,
        "schema": {"type": "string"},
    },
}


def common_responses() -> Json:
    """Return the responses that are the same for all routes."""
    return {
        str(status): _error_response(status, [code for code in COMMON_CODES if code.status == status])
        for status in _COMMON_STATUSES
    }


def responses(operation: HttpOperation, route: RouteDescription) -> Json:
    """Return a route's responses by status."""
    codes = list(error_codes(operation, route))
    content = {"application/json": {"schema": ref(route.answer)}}
    docstring = (inspect.getdoc(operation.endpoint) or "").removeprefix("Return ")
    success: Json = {"description": docstring[:1].upper() + docstring[1:], "content": content}
    by_status: Json = {str(operation.status): success}
    if route.conditional:
        success["headers"] = {"ETag": _component("headers", "ETag")}
        by_status["304"] = {
            "description": "The client has the figures already.",
            "headers": {"ETag": _component("headers", "ETag")},
        }
    for status in sorted({code.status for code in codes} | _GATEWAY.keys()):
        by_status[str(status)] = (
            _component("responses", str(status))
            if status in _COMMON_STATUSES
            else _error_response(status, [code for code in codes if code.status == status])
        )
    return by_status


def _error_response(status: int, codes: Sequence[ErrorCode]) -> Json:
    schemas: list[Json] = []
    descriptions = []
    if codes:
        schemas.append(ref(Error) | {"properties": {"code": {"enum": [code.code for code in codes]}}})
        descriptions.append(", ".join(f"`{code.code}`" for code in codes) + ".")
    if status in _GATEWAY:
        schemas.append(ref(GatewayMessage))
        text = _GATEWAY[status]
        descriptions.append(f"API Gateway: {text[0].lower()}{text[1:]}" if codes else text)
    response: Json = {"description": " ".join(descriptions)}
    if status in (409, 429, 503):
        response["headers"] = {"Retry-After": _component("headers", "RetryAfter")}
    if status == 401:
        response["headers"] = {"WWW-Authenticate": _component("headers", "Challenge")}
    response["content"] = {"application/json": {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}}
    return response


def _component(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}
