"""The OpenAPI document: routes from the template, parameters from the handlers' models, answers from their types."""

import inspect
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from local import template
from local.openapi.handlers import RouteHandler, RouteMismatchError, route_handlers
from local.openapi.responses import HEADERS, Error, GatewayMessage, common_responses, responses
from local.openapi.routes import ROUTES, RouteDescription
from local.openapi.schemas import Json, answer_schemas, input_schemas, query_schema, ref
from pam.platform.http import MAX_BODY_BYTES, HttpOperation

CHECKOUT = Path(__file__).resolve().parent.parent.parent
FILE = Path("docs/openapi.json")
"""The committed document, in the checkout."""

_TAGS = {
    "Ask": "A question in words, or an expense to add from a sentence.",
    "Money": "Tier 1: answers from the traveller's own figures, cached until something is written.",
    "Expenses": "One by one: listed; added, corrected and deleted once for each `Idempotency-Key`; undone within ten "
    "minutes.",
    "Conversation": "Tier 3: what opens the WebSocket on which Claude answers, and what undoes the effect of a tool.",
    "Memory": "What PAM remembers: listed, searched, corrected, and deleted for good.",
    "Travellers": "What others see of a traveller, and friendships.",
    "Account": "What deletes all that PAM has of a traveller.",
    "Road": "Tier 2: answers from Mapbox, Open-Meteo and EIA, cached for all users.",
}

_PARAMETERS: Json = {
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of an earlier answer, or several: where the figures are still the same, the answer "
        "is 304 without a body.",
        "schema": {"type": "string"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Made by the client for each thing to write, such as a UUID. The same request under the same "
        "key is carried out once, and answered as the first time for a day.",
        "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,128}$"},
        "example": "9b2f6c1e-5d0a-4e7c-8f43-2a1b0c9d8e7f",
    },
    "ExpenseId": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "The expense's `id`.",
        "schema": {"type": "string", "format": "uuid"},
        "example": "0b6c7f0e-3d1f-4a53-9a6e-1f6f3c8d2a10",
    },
    "TravellerId": {
        "name": "user_id",
        "in": "path",
        "required": True,
        "description": "The `id` of a friend, or of somebody who was asked or asks.",
        "schema": {"type": "string", "format": "traveller-id"},
        "example": "0b6c7f0e-3d1f-4a53-9a6e-1f6f3c8d2a10",
    },
    "MemoryNumber": {
        "name": "number",
        "in": "path",
        "required": True,
        "description": "The `id` of a fact or a summary.",
        "schema": {"type": "string", "format": "memory-number"},
        "example": "42",
    },
    "MemoryUuid": {
        "name": "uuid",
        "in": "path",
        "required": True,
        "description": "The `id` of a message or a selection.",
        "schema": {"type": "string", "format": "memory-uuid"},
        "example": "0b6c7f0e-3d1f-4a53-9a6e-1f6f3c8d2a10",
    },
}
_PATH_PARAMETERS = {"id": "ExpenseId", "number": "MemoryNumber", "uuid": "MemoryUuid", "user_id": "TravellerId"}

_DESCRIPTION = """\
Fast answers for people who live and travel in RVs, without a model. Every answer says where it comes from \
(`source`), from when it is (`as_of`), and whether anything in it is `simulated`.

Money is a decimal string such as `"412.36"`, never a float. Days are `YYYY-MM-DD` in the traveller's zone; in a \
window, `to` is the day after its last. Instants have their offset. Distances, volumes and temperatures are in the \
traveller's units, which each answer names.

A parameter that is empty counts as absent; one that is unknown, or there twice, is refused. An error has a stable \
`code` and a `message` for the traveller."""


def describe(checkout: Path = CHECKOUT) -> Json:
    """Return the OpenAPI document of the template's routes. Raises `RouteMismatchError`."""
    stack = template.load(
        checkout / "template.yaml",
        {"Stage": "local", "JwtIssuer": "https://issuer.example", "WebOrigin": "https://pam.example"},
        endpoint="https://aws.example",
        api_url="https://api.example",
    )
    handlers = {handler.key: handler for handler in route_handlers(stack)}
    mismatch = sorted(handlers.keys() ^ ROUTES.keys())
    if mismatch:
        raise RouteMismatchError(f"Described, or handled, but not both: {', '.join(mismatch)}.")
    bodies = [each.operation.takes for each in handlers.values() if each.operation.method in ("POST", "PATCH")]
    schemas = input_schemas(body for body in bodies if body is not None)
    schemas |= answer_schemas([route.answer for route in ROUTES.values()] + [Error, GatewayMessage])
    paths: Json = {}
    for key, route in ROUTES.items():
        handler = handlers[key]
        path = paths.setdefault(handler.operation.path, {})
        path[handler.operation.method.lower()] = _operation(handler, route)
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        "openapi": "3.1.0",
        "info": {"title": "PAM", "version": project["version"], "description": _DESCRIPTION},
        "servers": [{"url": "/", "description": "Where this document is served from."}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "security": [{"traveller": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "parameters": _PARAMETERS,
            "headers": HEADERS,
            "responses": common_responses(),
            "securitySchemes": {
                "traveller": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "Every request carries an access token of the stage's issuer, whose `sub` is the "
                    "traveller's UUID.",
                }
            },
        },
    }


def render(document: Json) -> str:
    """Return the document as it is committed."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _operation(handler: RouteHandler, route: RouteDescription) -> Json:
    operation = handler.operation
    # The part of "GET /v1/savings: what the traveller saved, by kind. Tier 1." between route and tier.
    summary = re.sub(r"^\w+ \S+: |\.( Tier \d\.)?$", "", handler.docstring)
    if not handler.is_only_one:
        summary = (inspect.getdoc(operation.endpoint) or "").splitlines()[0].rstrip(".")
    described: Json = {
        "operationId": handler.function if handler.is_only_one else f"{handler.function}_{operation.endpoint.__name__}",
        "tags": [route.tag],
        "summary": summary[:1].upper() + summary[1:],
        "parameters": list(_parameters(operation, route)),
    }
    if operation.method in ("POST", "PATCH") and operation.takes:
        described["requestBody"] = {
            "required": True,
            "description": f"At most {MAX_BODY_BYTES // 1024} KiB.",
            "content": {"application/json": {"schema": ref(operation.takes)}},
        }
    described["responses"] = responses(operation, route)
    return described


def _parameters(operation: HttpOperation, route: RouteDescription) -> Iterator[Json]:
    for name in re.findall(r"\{(\w+)\}", operation.path):
        yield _parameter(_PATH_PARAMETERS[name])
    if operation.method in ("GET", "DELETE") and operation.takes:
        model = operation.takes
        schema = query_schema(model)
        for name, described in schema["properties"].items():
            yield _query_parameter(name, described, required=name in schema.get("required", ()), model=model)
    if route.conditional:
        yield _parameter("IfNoneMatch")
    if route.idempotent:
        yield _parameter("IdempotencyKey")


def _parameter(name: str) -> Json:
    return {"$ref": f"#/components/parameters/{name}"}


def _query_parameter(name: str, described: Json, *, required: bool, model: type[BaseModel]) -> Json:
    """Return a field as a parameter. In a query string nothing is null: what isn't there is left out."""
    schema = dict(described)
    if "anyOf" in schema and {"type": "null"} in schema["anyOf"]:
        given = [kind for kind in schema.pop("anyOf") if kind != {"type": "null"}]
        schema = given[0] | schema if len(given) == 1 else schema | {"anyOf": given}
    description = schema.pop("description", None)
    if name == "period" and hasattr(model, "default_period"):
        description = f"{description} Without a window, `{model.default_period}`."
    examples = schema.pop("examples", [])
    parameter: Json = {"name": name, "in": "query", "required": required}
    if description:
        parameter["description"] = description
    parameter["schema"] = schema
    if examples:
        parameter["example"] = examples[0]
    return parameter
