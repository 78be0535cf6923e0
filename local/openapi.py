"""`python -m local.openapi`: writes docs/openapi.json, the description of the HTTP API.

Routes come from the expanded template, what they take from the handlers' own models, what they answer from
`pam.answers.replies`; the two are joined here. A route that one of them lacks is an error.
"""

import importlib.util
import inspect
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from local import template
from local.template import Template
from pam.answers import replies
from pam.platform import errors
from pam.platform.errors import ErrorCode
from pam.platform.http import MAX_BODY_BYTES, HttpApi, HttpOperation

CHECKOUT = Path(__file__).resolve().parent.parent
FILE = Path("docs/openapi.json")
"""The committed description, in the checkout."""

Json = dict[str, Any]

TAGS = {
    "Ask": "A question in words, or an expense to add from a sentence.",
    "Money": "Tier 1: answers from the traveller's own figures, kept until something is written.",
    "Expenses": "One by one: listed, added once for each `Idempotency-Key`, taken back within ten minutes.",
    "Conversation": "Tier 3: what opens the WebSocket on which Claude answers, and what takes back what a tool did.",
    "Road": "Tier 2: answers from Mapbox, Open-Meteo and EIA, kept for everybody.",
}


class RouteMismatchError(Exception):
    """A route that the template, the handlers or this module lack."""


@dataclass(frozen=True)
class Facts:
    """What neither a handler's signature nor its model tells of a route.

    `conditional`: it answers `If-None-Match`. `once`: it heeds the `Idempotency-Key`. `may_refuse`: what it
    raises beside that which follows from its fields.
    """

    tag: str
    reply: type[BaseModel]
    conditional: bool = False
    once: bool = False
    may_refuse: tuple[ErrorCode, ...] = ()


_WRITES = (errors.DATABASE_UNAVAILABLE, errors.STORE_UNAVAILABLE)
_SOURCES = (errors.SOURCE_UNAVAILABLE, errors.SOURCE_NOT_CONFIGURED)
_PRIVATE = (errors.DATABASE_UNAVAILABLE,)

ROUTES = {
    "POST /v1/ask": Facts(
        "Ask",
        replies.Asked,
        once=True,
        may_refuse=(
            *_WRITES,
            *_SOURCES,
            # Of what the sentence says.
            errors.INVALID_AMOUNT,
            errors.INVALID_DATE,
            errors.DATE_IN_FUTURE,
            errors.DATE_TOO_OLD,
            errors.INVALID_LIMIT,
            errors.INVALID_QUANTITY,
        ),
    ),
    "GET /v1/spend-summary": Facts("Money", replies.SpendSummary, conditional=True, may_refuse=_PRIVATE),
    "GET /v1/budget-status": Facts("Money", replies.BudgetStatus, conditional=True, may_refuse=_PRIVATE),
    "GET /v1/savings": Facts("Money", replies.Savings, conditional=True, may_refuse=_PRIVATE),
    "GET /v1/expenses": Facts("Expenses", replies.ExpensesPage, conditional=True, may_refuse=_PRIVATE),
    "POST /v1/expenses": Facts("Expenses", replies.ExpenseCreated, once=True, may_refuse=_WRITES),
    "DELETE /v1/expenses/{id}": Facts(
        "Expenses",
        replies.ExpenseUndone,
        may_refuse=(errors.NOT_FOUND, errors.EXPENSE_NOT_FOUND, errors.UNDO_EXPIRED, *_WRITES),
    ),
    "POST /v1/ws-ticket": Facts("Conversation", replies.Ticket, may_refuse=(errors.STORE_UNAVAILABLE,)),
    "DELETE /v1/effects/{id}": Facts(
        "Conversation",
        replies.EffectUndone,
        may_refuse=(errors.NOT_FOUND, errors.EFFECT_NOT_FOUND, errors.UNDO_EXPIRED, errors.MODIFIED_SINCE, *_WRITES),
    ),
    "GET /v1/weather": Facts("Road", replies.Weather, may_refuse=_SOURCES),
    "GET /v1/distance": Facts("Road", replies.Distance, may_refuse=(errors.NO_ROUTE, *_SOURCES)),
    "GET /v1/fuel-estimate": Facts("Road", replies.FuelEstimate, may_refuse=(errors.NO_ROUTE, *_SOURCES)),
    "GET /v1/parks": Facts("Road", replies.Parks, may_refuse=_SOURCES),
    "GET /v1/gas-prices": Facts("Road", replies.GasPrice, may_refuse=(errors.NO_PRICE_SOURCE, *_SOURCES)),
}

_EVERYWHERE = (errors.INVALID_SUBJECT, errors.BODY_TOO_LARGE, errors.INTERNAL_ERROR)
_THE_SAME_EVERYWHERE = (401, 403, 413, 429, 500)
_PLACE = (errors.INVALID_TEXT, errors.LOCATION_NEEDED, errors.UNKNOWN_PLACE, errors.AMBIGUOUS_PLACE)
_QUANTITY = (errors.INVALID_QUANTITY,)
_DAY = (errors.INVALID_DATE, errors.INVALID_WINDOW)

# What a field that isn't right is refused with; all may also be `invalid_request`.
_REFUSALS: dict[str, tuple[ErrorCode, ...]] = {
    "amount": (errors.INVALID_AMOUNT,),
    "category": (errors.UNKNOWN_CATEGORY,),
    "consumption": _QUANTITY,
    "currency": (errors.UNKNOWN_CURRENCY,),
    "cursor": (errors.INVALID_CURSOR,),
    "date": (errors.INVALID_DATE, errors.DATE_IN_FUTURE, errors.DATE_TOO_OLD),
    "description": (errors.INVALID_TEXT,),
    "destination": _PLACE,
    "distance": _QUANTITY,
    "from": _DAY,
    "latitude": _QUANTITY,
    "limit": (errors.INVALID_LIMIT,),
    "longitude": _QUANTITY,
    "origin": _PLACE,
    "period": (errors.UNKNOWN_PERIOD,),
    "place": _PLACE,
    "price": _QUANTITY,
    "radius": _QUANTITY,
    "text": (errors.INVALID_TEXT,),
    "timezone": (errors.UNKNOWN_TIME_ZONE,),
    "to": _DAY,
}

# API Gateway's own answers, beside which PAM may have one under the same status.
_GATEWAY = {
    401: "The token is missing, expired, or not from the issuer.",
    413: "More than 10 MB.",
    429: "More requests a second than the stage takes.",
    500: "The function failed before it could answer.",
    503: "The function took too long, or is out of capacity.",
}

_HEADERS: Json = {
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
}
_PATH_PARAMETERS = {"id": "ExpenseId"}

_DESCRIPTION = """\
Fast answers for people who live and travel in RVs, without a model. Every answer says where it comes from \
(`source`) and from when it is (`as_of`).

Money is a decimal string such as `"412.36"`, never a float. Days are `YYYY-MM-DD` in the traveller's zone; in a \
window, `to` is the day after its last. Instants have their offset. Distances, volumes and temperatures are in the \
traveller's units, which each answer names.

A parameter that is empty counts as absent; one that is unknown, or there twice, is refused. A refusal has a stable \
`code` and a `message` for the traveller."""


def describe(checkout: Path = CHECKOUT) -> Json:
    """The OpenAPI document of the template's routes. Raises `RouteMismatchError`."""
    stack = template.load(
        checkout / "template.yaml",
        {"Stage": "local", "JwtIssuer": "https://issuer.example"},
        endpoint="https://aws.example",
        api_url="https://api.example",
    )
    handlers = {f"{each.operation.method} {each.operation.path}": each for each in _handlers(stack)}
    unknown = sorted(handlers.keys() ^ ROUTES.keys())
    if unknown:
        raise RouteMismatchError(f"Described, or handled, but not both: {', '.join(unknown)}.")
    operations = [each.operation for each in handlers.values()]
    models = [each.takes for each in operations if each.takes and each.method == "POST"]
    models += [facts.reply for facts in ROUTES.values()] + [replies.Error, replies.GatewayMessage]
    paths: Json = {}
    for key, facts in ROUTES.items():
        handler = handlers[key]
        path = paths.setdefault(handler.operation.path, {})
        path[handler.operation.method.lower()] = _describe(handler, facts)
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        "openapi": "3.1.0",
        "info": {"title": "PAM", "version": project["version"], "description": _DESCRIPTION},
        "servers": [{"url": "/", "description": "Where this document is served from."}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "security": [{"traveller": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(models),
            "parameters": _PARAMETERS,
            "headers": _HEADERS,
            "responses": {
                str(status): _response(status, [code for code in _EVERYWHERE if code.status == status])
                for status in _THE_SAME_EVERYWHERE
            },
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
    """The document as it is committed."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class _Handler:
    """A route of a function, with the function's name and what its module says of it."""

    operation: HttpOperation
    function: str
    says: str


def _handlers(stack: Template) -> Iterator[_Handler]:
    """All routes of the functions, each of which the template leads to and guards with a token."""
    for logical_id, function in stack.functions.items():
        routes = {route.key for route in stack.routes if route.function == logical_id}
        if not routes:
            continue
        module = _load(function.code / "app.py")
        operations = cast(HttpApi, module.handler).operations
        handled = {f"{each.method} {each.path}" for each in operations}
        if handled != routes:
            raise RouteMismatchError(f"{logical_id}: in template or handler alone: {', '.join(handled ^ routes)}.")
        for operation in operations:
            yield _Handler(operation, function.code.name, module.__doc__ or "")
    open_to_all = [route.key for route in stack.routes if route.authorizer is None]
    if open_to_all:
        raise RouteMismatchError(f"Without an authorizer: {', '.join(open_to_all)}.")


def _load(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"functions.{file.parent.name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _describe(handler: _Handler, facts: Facts) -> Json:
    operation = handler.operation
    # "GET /v1/savings: what the traveller saved, by kind. Tier 1." says it, between route and tier.
    summary = re.sub(r"^\w+ \S+: |\.( Tier \d\.)?$", "", handler.says)
    described: Json = {
        "operationId": handler.function,
        "tags": [facts.tag],
        "summary": summary[:1].upper() + summary[1:],
        "parameters": list(_parameters(operation, facts)),
    }
    if operation.method == "POST" and operation.takes:
        described["requestBody"] = {
            "required": True,
            "description": f"At most {MAX_BODY_BYTES // 1024} KiB.",
            "content": {"application/json": {"schema": _ref(operation.takes)}},
        }
    described["responses"] = _responses(operation, facts)
    return described


def _parameters(operation: HttpOperation, facts: Facts) -> Iterator[Json]:
    for name in re.findall(r"\{(\w+)\}", operation.path):
        yield _component("parameters", _PATH_PARAMETERS[name])
    if operation.method == "GET" and operation.takes:
        model = operation.takes
        schema = _tidy(model.model_json_schema(schema_generator=_Schemas, ref_template=_REF))
        for name, described in schema["properties"].items():
            yield _query_parameter(name, described, required=name in schema.get("required", ()), model=model)
    if facts.conditional:
        yield _component("parameters", "IfNoneMatch")
    if facts.once:
        yield _component("parameters", "IdempotencyKey")


def _query_parameter(name: str, described: Json, *, required: bool, model: type[BaseModel]) -> Json:
    """A field as a parameter. In a query string nothing is null: what isn't there is left out."""
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


def _responses(operation: HttpOperation, facts: Facts) -> Json:
    codes = list(_refusals(operation, facts))
    content = {"application/json": {"schema": _ref(facts.reply)}}
    success: Json = {"description": inspect.getdoc(operation.endpoint), "content": content}
    responses: Json = {str(operation.status): success}
    if facts.conditional:
        success["headers"] = {"ETag": _component("headers", "ETag")}
        responses["304"] = {
            "description": "The caller has the figures already.",
            "headers": {"ETag": _component("headers", "ETag")},
        }
    for status in sorted({code.status for code in codes} | _GATEWAY.keys()):
        responses[str(status)] = (
            _component("responses", str(status))
            if status in _THE_SAME_EVERYWHERE
            else _response(status, [code for code in codes if code.status == status])
        )
    return responses


def _refusals(operation: HttpOperation, facts: Facts) -> Iterable[ErrorCode]:
    """The codes that a route may answer with, in the order of `errors.ALL`."""
    codes = {*_EVERYWHERE, *facts.may_refuse}
    if operation.takes:
        codes.add(errors.INVALID_REQUEST)
        for name, field in operation.takes.model_fields.items():
            codes.update(_REFUSALS.get(field.alias or name, ()))
    if operation.method == "POST":
        codes.add(errors.MALFORMED_JSON)
    if facts.once:
        codes |= {errors.INVALID_IDEMPOTENCY_KEY, errors.IDEMPOTENCY_KEY_REUSED, errors.REQUEST_IN_PROGRESS}
    return [code for code in errors.ALL if code in codes]


def _response(status: int, codes: Sequence[ErrorCode]) -> Json:
    forms: list[Json] = []
    said = []
    if codes:
        forms.append(_ref(replies.Error) | {"properties": {"code": {"enum": [code.code for code in codes]}}})
        said.append(", ".join(f"`{code.code}`" for code in codes) + ".")
    if status in _GATEWAY:
        forms.append(_ref(replies.GatewayMessage))
        said.append(f"API Gateway: {_GATEWAY[status][0].lower()}{_GATEWAY[status][1:]}" if codes else _GATEWAY[status])
    response: Json = {"description": " ".join(said)}
    if status in (409, 503):
        response["headers"] = {"Retry-After": _component("headers", "RetryAfter")}
    if status == 401:
        response["headers"] = {"WWW-Authenticate": _component("headers", "Challenge")}
    response["content"] = {"application/json": {"schema": forms[0] if len(forms) == 1 else {"anyOf": forms}}}
    return response


_REF = "#/components/schemas/{model}"


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": _REF.format(model=model.__name__)}


def _component(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


class _Schemas(GenerateJsonSchema):
    """JSON schemas in which exact numbers are JSON's."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        bounds = {"minimum": schema.get("ge"), "maximum": schema.get("le")}
        return {"type": "number"} | {name: int(bound) for name, bound in bounds.items() if bound is not None}


def _schemas(models: Sequence[type[BaseModel]]) -> Json:
    """The models and all that they are made of, as components."""
    _, whole = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(models)], schema_generator=_Schemas, ref_template=_REF
    )
    return {name: _tidy(schema) for name, schema in sorted(whole["$defs"].items())}


def _tidy(schema: Any) -> Any:
    """Without titles, and without defaults that say no more than that a field may be left out."""
    if isinstance(schema, list):
        return [_tidy(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {field: _tidy(part) for field, part in value.items()} if name == "properties" else _tidy(value)
        for name, value in schema.items()
        if not (name == "title" and isinstance(value, str)) and not (name == "default" and value in (None, ""))
    }


if __name__ == "__main__":
    (CHECKOUT / FILE).write_text(render(describe()), encoding="utf-8")
