"""Reads the template's WebSocket API: routes, the authorizer of `$connect`, the stage.

SAM expands `AWS::Serverless::WebSocketApi` to one resource for the API and one for each route, integration,
authorizer and stage; they name each other by reference.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.template.intrinsics import Resolver, TemplateError

INTEGRATION_TIMEOUT_S = 29.0
"""The longest and the default timeout of an integration."""


@dataclass(frozen=True)
class WebSocketRoute:
    """A route of the WebSocket API."""

    key: str
    """`$connect`, `$disconnect`, `$default`, or the value that selects the route."""
    function: str
    """The function's logical id."""
    timeout: float
    """Seconds before the integration stops waiting for the function."""


@dataclass(frozen=True)
class RequestAuthorizer:
    """The Lambda authorizer of `$connect`."""

    function: str
    """The function's logical id."""
    identity_sources: tuple[tuple[str, str], ...]
    """Required parts of a request: pairs of `querystring` or `header` and a name."""


@dataclass(frozen=True)
class WebSocketApi:
    """The WebSocket API of the template."""

    stage: str
    selection: tuple[str, ...]
    """Path of the value in a message's JSON body that selects the route."""
    routes: Mapping[str, WebSocketRoute]
    """By route key."""
    authorizer: RequestAuthorizer | None

    @property
    def functions(self) -> frozenset[str]:
        """Logical ids of the functions that the API invokes."""
        routed = {route.function for route in self.routes.values()}
        return frozenset(routed | ({self.authorizer.function} if self.authorizer else set()))


def read(resolver: Resolver) -> WebSocketApi | None:
    """Return the template's WebSocket API, or None. Raises TemplateError."""
    found = [api for api in _of_type(resolver, "Api") if api[1].get("ProtocolType") == "WEBSOCKET"]
    if not found:
        return None
    if len(found) > 1:
        raise TemplateError(f"Resources.{found[1][0]}: a second WebSocket API; the local stack serves one.")
    [(api_id, api)] = found
    own = {"Ref": api_id}
    integrations = dict(_of_type(resolver, "Integration"))
    authorizers = dict(_of_type(resolver, "Authorizer"))
    routes: dict[str, WebSocketRoute] = {}
    authorizer: RequestAuthorizer | None = None
    for logical_id, route in _of_type(resolver, "Route"):
        if route["ApiId"] != own:
            continue
        where = f"Resources.{logical_id}.Properties"
        if "RouteResponseSelectionExpression" in route:
            raise TemplateError(f"{where}.RouteResponseSelectionExpression: route responses aren't supported locally.")
        target = resolver.value(route["Target"], f"{where}.Target").removeprefix("integrations/")
        key = resolver.value(route["RouteKey"], f"{where}.RouteKey")
        routes[key] = _route(key, target, integrations[target], resolver)
        if route.get("AuthorizationType", "NONE") != "NONE":
            if route["AuthorizationType"] != "CUSTOM":
                raise TemplateError(f"{where}.AuthorizationType: only CUSTOM is supported locally.")
            name = resolver.value(route["AuthorizerId"], f"{where}.AuthorizerId")
            authorizer = _authorizer(name, authorizers[name], resolver)
    stages = [(where, stage) for where, stage in _of_type(resolver, "Stage") if stage["ApiId"] == own]
    if len(stages) != 1:
        raise TemplateError(f"Resources.{api_id}: the local stack serves one stage of a WebSocket API.")
    [(stage_id, stage)] = stages
    return WebSocketApi(
        stage=resolver.value(stage["StageName"], f"Resources.{stage_id}.Properties.StageName"),
        selection=_selection(api["RouteSelectionExpression"], api_id),
        routes=routes,
        authorizer=authorizer,
    )


def _of_type(resolver: Resolver, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for logical_id, resource in resolver.resources():
        if resource["Type"] == f"AWS::ApiGatewayV2::{kind}":
            yield logical_id, resource.get("Properties", {})


def _route(key: str, logical_id: str, integration: dict[str, Any], resolver: Resolver) -> WebSocketRoute:
    where = f"Resources.{logical_id}.Properties"
    if integration["IntegrationType"] != "AWS_PROXY":
        raise TemplateError(f"{where}.IntegrationType: only AWS_PROXY is supported locally.")
    milliseconds = resolver.value(integration.get("TimeoutInMillis", INTEGRATION_TIMEOUT_S * 1000), where)
    uri = resolver.value(integration["IntegrationUri"], f"{where}.IntegrationUri")
    return WebSocketRoute(key, resolver.function_of_uri(uri), float(milliseconds) / 1000)


def _authorizer(logical_id: str, properties: dict[str, Any], resolver: Resolver) -> RequestAuthorizer:
    where = f"Resources.{logical_id}.Properties"
    sources = resolver.value(properties.get("IdentitySource", []), f"{where}.IdentitySource")
    parsed = []
    for source in sources:
        match = re.fullmatch(r"route\.request\.(querystring|header)\.(.+)", source)
        if match is None:
            raise TemplateError(f"{where}.IdentitySource: {source!r} isn't supported locally.")
        parsed.append((match[1], match[2]))
    uri = resolver.value(properties["AuthorizerUri"], f"{where}.AuthorizerUri")
    return RequestAuthorizer(resolver.function_of_uri(uri), tuple(parsed))


def _selection(expression: str, api_id: str) -> tuple[str, ...]:
    match = re.fullmatch(r"\$\{?request\.body\.([^{}]+)\}?", expression)
    if match is None:
        where = f"Resources.{api_id}.Properties.RouteSelectionExpression"
        raise TemplateError(f"{where}: only $request.body.<field> is supported locally, not {expression!r}.")
    return tuple(match[1].split("."))
