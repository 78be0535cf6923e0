"""Lambda's Invoke API, for functions that invoke each other with an SDK.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html; functions find it by AWS_ENDPOINT_URL_LAMBDA.
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote

from local.http_server import HttpRequest, HttpResponse
from local.lambda_runtime.event_queue import MAX_EVENT, EventQueue
from local.lambda_runtime.function import LambdaFunction
from local.lambda_runtime.runtime_api import MAX_PAYLOAD
from local.template.intrinsics import ACCOUNT, REGION

_NAME = re.compile(r"(?:(?:arn:aws:lambda:[^:]+:)?[^:]+:function:)?(?P<name>[^:]+)(?::(?P<qualifier>[^:]+))?")
"""A function's name, its ARN, or its ARN from the account on; each with or without a version or an alias."""

_LIMITS = {"RequestResponse": MAX_PAYLOAD, "Event": MAX_EVENT}


class InvokeApi:
    """Handles `POST /2015-03-31/functions/<name or ARN>/invocations`."""

    def __init__(self, functions: Mapping[str, tuple[LambdaFunction, EventQueue]]) -> None:
        """`functions` by their physical names."""
        self._functions = functions

    async def handle(self, request: HttpRequest) -> HttpResponse:
        path, _, query = request.target.partition("?")
        match request.method, path.split("/"):
            case "POST", ["", "2015-03-31", "functions", name, "invocations"]:
                qualifiers = parse_qs(query).get("Qualifier", [])
                return await self._invoke(request, unquote(name), qualifiers[0] if qualifiers else None)
        return _error(404, "ResourceNotFoundException", f"{request.method} {path} isn't supported by the local stack.")

    async def _invoke(self, request: HttpRequest, name: str, qualifier: str | None) -> HttpResponse:
        match = _NAME.fullmatch(name)
        wanted = match["name"] if match else name
        qualifier = qualifier or (match["qualifier"] if match else None) or "$LATEST"
        function, queue = self._functions.get(wanted, (None, None))
        if function is None or queue is None or qualifier not in _qualifiers(function):
            suffix = "" if qualifier == "$LATEST" else f":{qualifier}"
            arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{wanted}{suffix}"
            return _error(404, "ResourceNotFoundException", f"Function not found: {arn}")
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        if kind == "DryRun":
            return HttpResponse(204)
        if kind not in _LIMITS:
            return _error(400, "InvalidParameterValueException", f"Unknown invocation type: {kind}")
        if len(request.body) > _LIMITS[kind]:
            size = f"{len(request.body)} byte payload is too large for the {kind} invocation type"
            return _error(413, "RequestTooLargeException", f"{size} (limit {_LIMITS[kind]} bytes)")
        payload = request.body or b"{}"
        try:
            json.loads(payload)
        except ValueError as error:
            return _error(400, "InvalidRequestContentException", f"Could not parse request body into json: {error}")
        if kind == "Event":
            request_id = queue.put(payload, qualifier)
            return HttpResponse(202, b"", {"x-amzn-RequestId": request_id})
        result = await function.invoke(payload)
        headers = {"x-amzn-RequestId": result.request_id, "X-Amz-Executed-Version": function.version}
        if result.function_error:
            headers["X-Amz-Function-Error"] = result.function_error
        return HttpResponse(200, result.payload, headers)


def _qualifiers(function: LambdaFunction) -> set[str]:
    """Return the versions and the alias of a function."""
    return {"$LATEST"} | ({"1", function.function.alias} if function.function.alias else set())


def _error(status: int, kind: str, message: str) -> HttpResponse:
    # The service's model has `Message` for some errors and `message` for others; SDKs accept either.
    body = json.dumps({"Type": "User", "Message": message}).encode()
    return HttpResponse(status, body, {"x-amzn-ErrorType": kind})
