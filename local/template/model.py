"""The parts of a template that the local stack runs: functions, routes, authorizers and stores, all resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.template.websocket_api import WebSocketApi

STORES = {
    "AWS::DynamoDB::Table": (
        "AttributeDefinitions",
        "BillingMode",
        "GlobalSecondaryIndexes",
        "KeySchema",
        "LocalSecondaryIndexes",
        "ProvisionedThroughput",
        "TimeToLiveSpecification",
    ),
    # Its access and its lifecycle have no effect here: everything is lost when the stack ends.
    "AWS::S3::Bucket": (),
    "AWS::SecretsManager::Secret": ("GenerateSecretString", "SecretString"),
    "AWS::SQS::Queue": (
        "DelaySeconds",
        "FifoQueue",
        "MessageRetentionPeriod",
        "RedrivePolicy",
        "VisibilityTimeout",
    ),
    "AWS::SSM::Parameter": ("Type", "Value"),
}
"""Resources that are created locally, with the properties that have an effect here: keys and backups have none."""


@dataclass(frozen=True)
class EventInvoke:
    """The settings of asynchronous invocations; the defaults are Lambda's."""

    retries: int = 2
    max_age: float = 6 * 3600
    """Seconds after which a waiting event is discarded."""
    on_failure: str | None = None
    """ARN of the queue that gets a record of each discarded event."""


@dataclass(frozen=True)
class Function:
    """One Lambda function."""

    logical_id: str
    name: str
    code: Path
    """The folder of the handler's module; its name is the function's key in the local stack."""
    handler: str
    runtime: str
    environment: Mapping[str, str]
    timeout: float
    """Seconds."""
    memory: int
    """MB."""
    reserved_concurrency: int | None
    snap_start: bool
    alias: str | None
    event_invoke: Mapping[str, EventInvoke]
    """By qualifier: an alias, a version or `$LATEST`."""
    dead_letters: str | None
    """ARN of the queue that gets each discarded event."""


@dataclass(frozen=True)
class JwtAuthorizer:
    """A JWT authorizer of the HTTP API."""

    issuer: str
    audience: tuple[str, ...]


@dataclass(frozen=True)
class Route:
    """A route of the HTTP API. `method` is upper case or ANY; `path` is the route's pattern or `$default`."""

    method: str
    path: str
    function: str
    """The function's logical id."""
    authorizer: str | None
    scopes: tuple[str, ...]
    timeout: float
    """Seconds before the integration stops waiting for the function."""

    @property
    def key(self) -> str:
        return self.path if self.path == "$default" else f"{self.method} {self.path}"


@dataclass(frozen=True)
class Store:
    """A table, secret, queue or parameter, with its properties resolved and `name` as its physical name."""

    logical_id: str
    type: str
    name: str
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Schedule:
    """A schedule of EventBridge Scheduler that invokes a function."""

    function: str
    """The function's logical id."""
    interval_s: float
    event: bytes = b"{}"
    """What the function is invoked with: JSON."""


@dataclass(frozen=True)
class Template:
    """A resolved template."""

    functions: Mapping[str, Function]
    """By logical id."""
    routes: tuple[Route, ...]
    authorizers: Mapping[str, JwtAuthorizer]
    stores: tuple[Store, ...]
    parameters: frozenset[str] = frozenset()
    """Names of the template's parameters."""
    cors: Mapping[str, Any] = field(default_factory=dict)
    """`x-amazon-apigateway-cors` of the HTTP API: allowOrigins, allowMethods, ... or empty."""
    unavailable: Mapping[str, str] = field(default_factory=dict)
    """Functions without a route that can't run on this machine, with the reason."""
    websocket: WebSocketApi | None = None
    schedules: tuple[Schedule, ...] = ()
    """Those of functions that can run on this machine."""

    @property
    def routed(self) -> frozenset[str]:
        """Logical ids of the functions that an API invokes."""
        sockets = self.websocket.functions if self.websocket else frozenset()
        return sockets | {route.function for route in self.routes}
