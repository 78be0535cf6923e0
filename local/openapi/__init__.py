"""docs/openapi.json: the description of the HTTP API, generated from the template, the handlers and the answers."""

from local.openapi.document import CHECKOUT, FILE, describe, render
from local.openapi.handlers import RouteMismatchError
from local.openapi.routes import ROUTES

__all__ = ["CHECKOUT", "FILE", "ROUTES", "RouteMismatchError", "describe", "render"]
