"""The REQUEST authorizer of a WebSocket API: a function says who connects, and whether they may.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
"""

import fnmatch
import json
from collections.abc import Mapping
from typing import Any

from local.gateway.websocket_events import Session
from local.lambda_runtime.function import LambdaFunction
from local.template.websocket_api import RequestAuthorizer

MAX_RESULT = 8 * 1024
"""Bytes of what an authorizer may return."""


class Refused(Exception):
    """The client may not connect: 401 without what identifies it, 403 by the policy, 500 for a broken authorizer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


async def authorize(authorizer: RequestAuthorizer, function: LambdaFunction, session: Session) -> dict[str, Any]:
    """The `authorizer` object of the connection's events: principalId and the context, as strings. Raises Refused."""
    for place, name in authorizer.identity_sources:
        if not (session.parameter(name) if place == "querystring" else session.header(name)):
            raise Refused(401, "Unauthorized")
    invocation = await function.invoke(json.dumps(session.authorization()).encode())
    if invocation.function_error:
        if invocation.json().get("errorMessage") == "Unauthorized":
            raise Refused(401, "Unauthorized")
        raise _broken()
    result = invocation.json()
    try:
        if len(invocation.payload) > MAX_RESULT:
            raise _broken()
        principal = result["principalId"]
        context = {name: _text(value) for name, value in (result.get("context") or {}).items()}
        allowed = _allows(result["policyDocument"], session.method_arn)
    except (KeyError, TypeError, AttributeError):
        raise _broken() from None
    if not allowed:
        raise Refused(403, "User is not authorized to access this resource")
    return {"principalId": str(principal)} | context


def _broken() -> Refused:
    return Refused(500, "Internal server error")


def _text(value: Any) -> str:
    """A value of the context as events hold it. Raises TypeError for an object, a list or null."""
    if not isinstance(value, (str, int, float)):
        raise TypeError(f"{value!r} isn't a string, a number or a boolean")
    return value if isinstance(value, str) else json.dumps(value)


def _allows(policy: Mapping[str, Any], arn: str) -> bool:
    """Whether an IAM policy allows `execute-api:Invoke` on `arn`: by a statement that does, and none that denies."""
    statements = policy["Statement"]
    effects = {
        statement["Effect"]
        for statement in (statements if isinstance(statements, list) else [statements])
        if _matches(statement["Action"], "execute-api:Invoke") and _matches(statement["Resource"], arn)
    }
    return "Allow" in effects and "Deny" not in effects


def _matches(patterns: str | list[str], value: str) -> bool:
    """Whether one of IAM's patterns, where `*` and `?` are wild, fits."""
    return any(
        # A `[` is no wildcard in IAM.
        fnmatch.fnmatchcase(value.lower(), pattern.lower().replace("[", "[[]"))
        for pattern in ([patterns] if isinstance(patterns, str) else patterns)
    )
