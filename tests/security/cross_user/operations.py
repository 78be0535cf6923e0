"""Everything that a user can call, and its parameters, read from the registries of the routes, frames and tools."""

import importlib.util
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from local.openapi.handlers import route_handlers
from local.template import Template
from pam.platform.websocket import WebSocketApi
from pam.tools.catalog import TOOLS


class Surface(StrEnum):
    """How an operation is called."""

    HTTP = "HTTP"
    FRAME = "WebSocket"
    TOOL = "tool"


class Reference(StrEnum):
    """What a parameter names a row by."""

    UUID = "uuid"
    NUMBER = "number"
    CURSOR = "cursor"
    WORD = "word"
    """A word of it."""
    PUBLIC_NAME = "public name"
    """The name that a user shows to everybody."""


@dataclass(frozen=True)
class Operation:
    """A route, an action of the WebSocket or a tool, with the schemas of its parameters by name."""

    surface: Surface
    name: str
    parameters: Mapping[str, Any]
    required: frozenset[str]


@dataclass(frozen=True)
class Place:
    """A parameter of an operation that names a row."""

    operation: Operation
    parameter: str

    def __str__(self) -> str:
        return f"{self.operation.name}:{self.parameter}"

    @property
    def reference(self) -> Reference:
        return REFERENCES[self.parameter]

    def arguments(self, value: str) -> dict[str, Any]:
        """Return valid arguments of the operation, with `value` in this place."""
        names = self.operation.required - {self.parameter}
        required = {name: str(uuid.uuid4()) if name in REFERENCES else VALUES[name] for name in names}
        return required | OTHERS.get(self.operation.name, {}) | {self.parameter: value}


REFERENCES = {
    "id": Reference.UUID,
    "uuid": Reference.UUID,
    "user_id": Reference.UUID,
    "expense_id": Reference.UUID,
    "message_id": Reference.UUID,
    "retry_of": Reference.UUID,
    "conversation_id": Reference.UUID,
    "post": Reference.UUID,
    "before": Reference.UUID,
    "confirmation_id": Reference.UUID,
    "number": Reference.NUMBER,
    "fact_id": Reference.NUMBER,
    "order": Reference.UUID,
    "event": Reference.UUID,
    "cursor": Reference.CURSOR,
    "search": Reference.WORD,
    "query": Reference.WORD,
    "subject": Reference.WORD,
    "topic": Reference.WORD,
    "recipient": Reference.PUBLIC_NAME,
    "user": Reference.PUBLIC_NAME,
    "vehicle": Reference.WORD,
}
"""The parameters that name rows, and how."""

VALUES: dict[str, Any] = {
    "accepted": True,
    "text": "What now?",
    "after": 0,
    "decision": "yes",
    "verdict": "fine",
    "digest": "0" * 64,
    "value": "two of them",
    "message": "Hello",
    "address": "12 Main Street, Moab, UT 84532",
    "amount": "5",
    "category": "fuel",
    "comment": "So do we.",
    "changes": {"axles": 2},
    "content": "Quiet here.",
    "description": "oil change",
    "destination": "Moab, Utah",
    "full_tank": True,
    "format": "csv",
    "name": "A quiet site",
    "odometer": "45,210 mi",
    "origin": "Denver",
    "place": "Moab, Utah",
    "product": "Tyre gauge",
    "start": "2026-12-24T18:00",
    "title": "Dinner with the neighbours",
    "service": "Oil change",
}
"""Values of the parameters that are required beside those that name rows."""

ORDINARY = frozenset(VALUES) | {
    "amenities", "arrive_by", "audience", "bio", "breaks", "budget", "by", "confirm", "consumption",
    "consumption_unit", "context", "currency", "date", "days", "description", "details", "distance", "end",
    "everything", "filter", "from", "fuel", "fuel_type", "home_base", "hours", "interval_distance", "interval_months",
    "kind", "kinds", "language", "latitude", "leave", "limit", "location", "longitude", "max_attendees", "max_daily",
    "max_price", "measure", "merchant", "min_amount", "min_price", "month", "nights", "notes", "notifications",
    "page", "part_of_day", "period", "price", "price_unit", "quantity", "radius", "rating", "refund", "rig_type",
    "rig_year", "standing", "start_date", "starts_at", "stops", "tags", "theme", "time_zone", "timezone", "title",
    "to", "total", "typed_at", "unfollow", "unit", "units", "unlike", "volume", "volume_unit", "who_may_write",
    "who_sees_activity", "who_sees_place", "who_sees_profile",
}  # fmt: skip
"""The parameters that name no row. Which of the two a new parameter is, is for its author to say."""

OTHERS: dict[str, dict[str, Any]] = {
    "update_calendar_event": {"notes": "bring the papers"},
    "POST /v1/ask": {"text": "how much did I spend on tolls last year"},
    "PATCH /v1/expenses/{id}": {"amount": "7.25"},
    "PATCH /v1/memories/facts/{number}": {"value": "three of them"},
    "calculate_gas_cost": {"distance": 100},
    "update_expense": {"amount": 7.25},
    "correct_memory": {"value": "three of them"},
    "add_fuel_entry": {"volume": "32.5 gal", "total": "116.97"},
}
"""Parameters of operations that require one of several."""


def operations(template: Template) -> list[Operation]:
    """Return every operation of the template's routes, of its WebSocket API, and of the tools."""
    return [*_routes(template), *_frames(template), *_tools()]


def places(template: Template, surface: Surface) -> list[Place]:
    """Return every parameter of a surface that names a row."""
    return [
        Place(operation, name)
        for operation in operations(template)
        if operation.surface is surface
        for name in operation.parameters
        if name in REFERENCES
    ]


def _routes(template: Template) -> Iterator[Operation]:
    for route in route_handlers(template):
        path = [part.strip("{}+") for part in route.operation.path.split("/") if part.startswith("{")]
        properties, required = _schema(route.operation.takes)
        in_path = {name: {"type": "string"} for name in path}
        yield Operation(Surface.HTTP, route.key, in_path | properties, required | frozenset(path))


def _frames(template: Template) -> Iterator[Operation]:
    assert template.websocket is not None
    for action, route in template.websocket.routes.items():
        if action.startswith("$"):
            continue
        handler = _handler(template.functions[route.function].code / "app.py")
        properties, required = _schema(handler.routes[action][0])
        yield Operation(
            Surface.FRAME,
            action,
            {name: schema for name, schema in properties.items() if name != "action"},
            required - {"action"},
        )


def _tools() -> Iterator[Operation]:
    for name, tool in TOOLS.items():
        properties, required = _schema(tool.arguments)
        yield Operation(Surface.TOOL, name, properties, required)


def _schema(model: type[BaseModel] | None) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the properties of a model, with those of models within it, and the required ones of its own."""
    if model is None:
        return {}, frozenset()
    schema = model.model_json_schema()
    properties = dict(schema.get("properties", {}))
    for inner in schema.get("$defs", {}).values():
        properties |= inner.get("properties", {})
    return properties, frozenset(schema.get("required", []))


def _handler(file: Path) -> WebSocketApi:
    spec = importlib.util.spec_from_file_location(f"functions.{file.parent.name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: WebSocketApi = module.handler
    return handler
