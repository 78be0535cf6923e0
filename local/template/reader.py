"""Reads template.yaml for the local stack.

aws-sam-translator, the code of CloudFormation's own SAM transform, expands the template without network access, and
`local.template.intrinsics` resolves parameters and intrinsic functions in the result. A route therefore exists
locally if and only if it would exist in a deployed stage.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from local.template import websocket_api
from local.template.intrinsics import NO_VALUE, REGION, Resolver, TemplateError, text
from local.template.model import STORES, EventInvoke, Function, JwtAuthorizer, Route, Schedule, Store, Template

_RATE = re.compile(r"rate\(([1-9][0-9]*) (minute|hour|day)s?\)")
_UNIT_S = {"minute": 60.0, "hour": 3600.0, "day": 86_400.0}
_SCHEDULE_PROPERTIES = {"Name", "Description", "ScheduleExpression", "FlexibleTimeWindow", "Target"}
_TARGET_PROPERTIES = {"Arn", "RoleArn", "RetryPolicy", "DeadLetterConfig", "Input"}


def read_source(path: Path) -> dict[str, Any]:
    """Return a SAM template as it is written, with intrinsic functions in their long form."""
    from samtranslator.yaml_helper import yaml_parse

    source: dict[str, Any] = yaml_parse(path.read_text(encoding="utf-8"))
    return source


def load(
    path: Path,
    parameters: Mapping[str, str],
    *,
    endpoint: str,
    api_url: str,
    websocket_url: str = "ws://127.0.0.1",
) -> Template:
    """Read and expand the SAM template at `path`.

    `parameters` override the template's defaults; those that it doesn't declare are ignored. `endpoint` is the URL of
    SQS (a queue's `Ref` is its URL); the `ApiEndpoint` of the HTTP API resolves to `api_url`, that of the WebSocket
    API to `websocket_url`. Raises TemplateError.
    """
    expanded, values = _expand(path, parameters)
    resolver = Resolver(expanded, values, endpoint=endpoint, api_url=api_url, websocket_url=websocket_url)
    return replace(_read(resolver, path.parent), parameters=frozenset(values))


def _expand(path: Path, overrides: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    # Imported here because it takes a second, during which the stack starts other parts.
    import boto3
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    raw = read_source(path)
    declared = raw.get("Parameters", {})
    values = {name: overrides.get(name, spec.get("Default")) for name, spec in declared.items()}
    missing = sorted(name for name, value in values.items() if value is None)
    if missing:
        raise TemplateError(f"Parameters without a value or a default: {', '.join(missing)}.")
    _localise_code(raw)
    try:
        # An empty map of managed policies, whose ARNs IAM would be asked for: no role is made here.
        translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
        expanded = translator.translate(raw, dict(values))
        translator.metrics.publish()  # publishes nothing, and prevents a warning about unpublished metrics
        return expanded, values
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise TemplateError(f"{path.name}: {error.message} {causes}") from error


def _localise_code(raw: dict[str, Any]) -> None:
    """Replace folders by objects in S3, which the transform requires: `sam package` does so before a deployment."""
    sections = [raw.get("Globals", {}).get("Function", {})]
    sections += [resource.get("Properties", {}) for resource in raw["Resources"].values()]
    for properties in sections:
        for name in ("CodeUri", "ContentUri"):
            if isinstance(properties.get(name), str):
                properties[name] = f"s3://local/{properties[name]}"


def _read(resolver: Resolver, base: Path) -> Template:
    functions: dict[str, Function] = {}
    unavailable: dict[str, TemplateError] = {}
    stores: list[Store] = []
    schedules: list[Schedule] = []
    body: dict[str, Any] = {}
    for logical_id, resource in resolver.resources():
        where = f"Resources.{logical_id}.Properties"
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Lambda::Function":
            try:
                functions[logical_id] = _function(logical_id, properties, resolver, base)
            except TemplateError as error:
                unavailable[logical_id] = error
        elif resource["Type"] == "AWS::Scheduler::Schedule":
            schedules.append(_schedule(properties, resolver, where))
        elif resource["Type"] in STORES:
            used = {key: properties[key] for key in STORES[resource["Type"]] if key in properties}
            stores.append(Store(logical_id, resource["Type"], resolver.name(logical_id), resolver.value(used, where)))
        elif resource["Type"] == "AWS::ApiGatewayV2::Api" and "Body" in properties:
            if body:
                raise TemplateError(f"{where}: a second HTTP API; the local stack supports one.")
            body = resolver.value(properties["Body"], f"{where}.Body")
        elif resource["Type"] == "AWS::ApiGatewayV2::Stage" and not resolver.is_websocket(properties["ApiId"]):
            name = resolver.value(properties.get("StageName"), f"{where}.StageName")
            if name != "$default":
                raise TemplateError(f"{where}.StageName: only $default is supported locally, not {name!r}.")
    template = Template(
        functions=functions,
        routes=tuple(_routes(body, resolver)),
        authorizers=dict(_authorizers(body)),
        stores=tuple(stores),
        cors=body.get("x-amazon-apigateway-cors", {}),
        unavailable={logical_id: str(error) for logical_id, error in unavailable.items()},
        websocket=websocket_api.read(resolver),
        schedules=tuple(schedule for schedule in schedules if schedule.function not in unavailable),
    )
    for function in sorted(template.routed & unavailable.keys()):
        raise unavailable[function]
    return template


def _function(logical_id: str, properties: dict[str, Any], resolver: Resolver, base: Path) -> Function:
    where = f"Resources.{logical_id}.Properties"

    def get(name: str, default: Any = None) -> Any:
        value = resolver.value(properties[name], f"{where}.{name}") if name in properties else NO_VALUE
        return default if value is NO_VALUE else value

    environment = get("Environment", {}).get("Variables", {})
    reserved = get("ReservedConcurrentExecutions")
    return Function(
        logical_id=logical_id,
        name=resolver.name(logical_id),
        code=(base / get("Code")["S3Key"]).resolve(),
        handler=get("Handler"),
        runtime=get("Runtime"),
        environment={name: resolver.local_address(text(value)) for name, value in environment.items()},
        timeout=float(get("Timeout", 3)),
        memory=int(get("MemorySize", 128)),
        reserved_concurrency=None if reserved is None else int(reserved),
        snap_start=get("SnapStart", {}).get("ApplyOn") == "PublishedVersions",
        alias=resolver.alias(logical_id),
        event_invoke=dict(_event_invoke(logical_id, resolver)),
        dead_letters=_queue(get("DeadLetterConfig", {}).get("TargetArn"), f"{where}.DeadLetterConfig"),
    )


def _event_invoke(function: str, resolver: Resolver) -> Iterator[tuple[str, EventInvoke]]:
    for logical_id, resource in resolver.resources():
        if resource["Type"] != "AWS::Lambda::EventInvokeConfig":
            continue
        properties = resource["Properties"]
        if properties["FunctionName"] == {"Ref": function}:
            where = f"Resources.{logical_id}.Properties"
            settings = resolver.value(properties | {"FunctionName": function}, where)
            destination = settings.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
            usual = EventInvoke()
            yield (
                settings["Qualifier"],
                EventInvoke(
                    retries=int(settings.get("MaximumRetryAttempts", usual.retries)),
                    max_age=float(settings.get("MaximumEventAgeInSeconds", usual.max_age)),
                    on_failure=_queue(destination, f"{where}.DestinationConfig"),
                ),
            )


def _schedule(properties: dict[str, Any], resolver: Resolver, where: str) -> Schedule:
    expression = resolver.value(properties["ScheduleExpression"], f"{where}.ScheduleExpression")
    rate = _RATE.fullmatch(expression)
    if rate is None:
        raise TemplateError(f"{where}.ScheduleExpression: only rate(...) is supported locally, not {expression!r}.")
    target = properties["Target"]
    for path, unsupported in (
        (where, properties.keys() - _SCHEDULE_PROPERTIES),
        (f"{where}.Target", target.keys() - _TARGET_PROPERTIES),
    ):
        if unsupported:
            raise TemplateError(f"{path}: {', '.join(sorted(unsupported))} of a schedule isn't supported locally.")
    arn = resolver.value(target["Arn"], f"{where}.Target.Arn")
    event = resolver.value(target.get("Input", "{}"), f"{where}.Target.Input")
    return Schedule(resolver.function_of(arn), int(rate[1]) * _UNIT_S[rate[2]], event.encode())


def _queue(arn: str | None, where: str) -> str | None:
    """Return `arn` if it is a queue's: no other destination of discarded events is supported locally."""
    if arn is not None and arn.split(":")[2] != "sqs":
        raise TemplateError(f"{where}: only an SQS queue is supported locally, not {arn}.")
    return arn


def _routes(body: dict[str, Any], resolver: Resolver) -> Iterator[Route]:
    for path, methods in body.get("paths", {}).items():
        for method, operation in methods.items():
            integration = operation.get("x-amazon-apigateway-integration")
            if integration is None:  # `parameters`, for example, which isn't a method
                continue
            # A route has one security requirement: its authorizer, or NONE.
            security: dict[str, list[str]] = next(iter(operation.get("security", [])), {})
            name, scopes = next(iter(security.items()), ("NONE", []))
            yield Route(
                method="ANY" if method == "x-amazon-apigateway-any-method" else method.upper(),
                path=path,
                function=resolver.function_of_uri(integration["uri"]),
                authorizer=None if name == "NONE" else name,
                scopes=tuple(scopes),
                timeout=integration.get("timeoutInMillis", 30_000) / 1000,
            )


def _authorizers(body: dict[str, Any]) -> Iterator[tuple[str, JwtAuthorizer]]:
    for name, scheme in body.get("components", {}).get("securitySchemes", {}).items():
        authorizer = scheme["x-amazon-apigateway-authorizer"]
        if authorizer["type"] != "jwt":
            raise TemplateError(
                f"Authorizer {name}: only JWT authorizers are supported locally, not {authorizer['type']!r}."
            )
        jwt = authorizer["jwtConfiguration"]
        yield name, JwtAuthorizer(issuer=jwt["issuer"], audience=tuple(jwt["audience"]))
