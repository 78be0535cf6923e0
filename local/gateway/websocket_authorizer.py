"""The REQUEST authorizer of a WebSocket API: a function that identifies the client and returns a policy.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
"""

import fnmatch
import json
from collections.abc import Mapping
from typing import Any

from local.gateway.websocket_events import ConnectionInfo
from local.lambda_runtime.function import LambdaFunction
from local.template.websocket_api import RequestAuthorizer

MAX_RESULT = 8 * 1024
"""Maximum bytes of an authorizer's result."""


class HandshakeError(Exception):
    """The handshake is refused: 401 without an identity source, 403 by the policy, 500 for a broken authorizer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


async def authorize(authorizer: RequestAuthorizer, function: LambdaFunction, info: ConnectionInfo) -> dict[str, Any]:
    """Return the `authorizer` object of the connection's events: principalId and context, as strings.

    Raises HandshakeError.
    """
    for place, name in authorizer.identity_sources:
        if not (info.parameter(name) if place == "querystring" else info.header(name)):
            raise HandshakeError(401, "Unauthorized")
    invocation = await function.invoke(json.dumps(info.authorizer_event()).encode())
    if invocation.function_error:
        if invocation.json().get("errorMessage") == "Unauthorized":
            raise HandshakeError(401, "Unauthorized")
        raise _authorizer_error()
    result = invocation.json()
    try:
        if len(invocation.payload) > MAX_RESULT:
            raise _authorizer_error()
        principal = result["principalId"]
        context = {name: _text(value) for name, value in (result.get("context") or {}).items()}
        allowed = _allows(result["policyDocument"], info.method_arn)
    except (KeyError, TypeError, AttributeError):
        raise _authorizer_error() from None
    if not allowed:
        raise HandshakeError(403, "User is not authorized to access this resource")
    return {"principalId": str(principal)} | context


def _authorizer_error() -> HandshakeError:
    return HandshakeError(500, "Internal server error")


def _text(value: Any) -> str:
    """Format a value of the context as in events. Raises TypeError for an object, a list or null."""
    if not isinstance(value, (str, int, float)):
        raise TypeError(f"{value!r} isn't a string, a number or a boolean")
    return value if isinstance(value, str) else json.dumps(value)


def _allows(policy: Mapping[str, Any], arn: str) -> bool:
    """Return whether a statement of an IAM policy allows `execute-api:Invoke` on `arn`, and none denies it."""
    statements = policy["Statement"]
    effects = {
        statement["Effect"]
        for statement in (statements if isinstance(statements, list) else [statements])
        if _matches(statement["Action"], "execute-api:Invoke") and _matches(statement["Resource"], arn)
    }
    return "Allow" in effects and "Deny" not in effects


def _matches(patterns: str | list[str], value: str) -> bool:
    """Return whether one of IAM's patterns, with the wildcards `*` and `?`, matches."""
    return any(
        # `[` isn't a wildcard in IAM.
        fnmatch.fnmatchcase(value.lower(), pattern.lower().replace("[", "[[]"))
        for pattern in ([patterns] if isinstance(patterns, str) else patterns)
    )
