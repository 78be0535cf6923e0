"""The CORS configuration of an HTTP API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

import re
from collections.abc import Mapping
from typing import Any

from starlette.types import Scope

from local.gateway.payload import Headers, ProxyResponse, header


class Cors:
    """Answers preflight requests, and replaces the CORS headers of functions by those of the configuration."""

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        self._configuration = configuration

    def is_preflight(self, scope: Scope) -> bool:
        requested = header(scope, b"access-control-request-method")
        return scope["method"] == "OPTIONS" and bool(header(scope, b"origin")) and bool(requested)

    def preflight(self, scope: Scope) -> ProxyResponse:
        headers = self._origin_headers(scope)
        if headers:
            for name in ("allow-methods", "allow-headers", "max-age"):
                setting = self._configuration.get(re.sub("-(.)", lambda match: match[1].upper(), name))
                if setting:
                    text = ",".join(setting) if isinstance(setting, list) else str(setting)
                    headers.append((f"access-control-{name}", text))
        return ProxyResponse(204, headers, b"")

    def apply(self, scope: Scope, response: ProxyResponse) -> ProxyResponse:
        own = [(name, value) for name, value in response.headers if not name.startswith("access-control-")]
        headers = self._origin_headers(scope)
        exposed = self._configuration.get("exposeHeaders")
        if headers and exposed:
            headers.append(("access-control-expose-headers", ",".join(exposed)))
        return ProxyResponse(response.status, own + headers, response.body)

    def _origin_headers(self, scope: Scope) -> Headers:
        origin = header(scope, b"origin")
        allowed = self._configuration.get("allowOrigins", [])
        if not origin or not ("*" in allowed or origin in allowed):
            return []
        headers = [("access-control-allow-origin", "*" if "*" in allowed else origin)]
        if self._configuration.get("allowCredentials"):
            headers.append(("access-control-allow-credentials", "true"))
        return headers
