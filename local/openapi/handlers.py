"""The handlers of the template's routes."""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import cast

from local.template import Template
from pam.platform.http import HttpApi, HttpOperation


class RouteMismatchError(Exception):
    """A route that the template, the handlers or `routes.ROUTES` lack."""


@dataclass(frozen=True)
class RouteHandler:
    """A route of a function, with the function's name and its module's docstring."""

    operation: HttpOperation
    function: str
    docstring: str
    is_only_one: bool
    """Whether the function has no other route."""

    @property
    def key(self) -> str:
        """Such as `GET /v1/savings`."""
        return f"{self.operation.method} {self.operation.path}"


def route_handlers(stack: Template) -> Iterator[RouteHandler]:
    """Return all routes of the functions, each of which the template has and protects. Raises `RouteMismatchError`."""
    for logical_id, function in stack.functions.items():
        routes = {route.key for route in stack.routes if route.function == logical_id}
        if not routes:
            continue
        module = _load(function.code / "app.py")
        handlers = [
            RouteHandler(operation, function.code.name, module.__doc__ or "", len(routes) == 1)
            for operation in cast(HttpApi, module.handler).operations
        ]
        mismatch = {each.key for each in handlers} ^ routes
        if mismatch:
            raise RouteMismatchError(f"{logical_id}: in template or handler alone: {', '.join(mismatch)}.")
        yield from handlers
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
