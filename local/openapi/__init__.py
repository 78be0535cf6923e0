"""The description of the HTTP API and the page's types, generated from the template, the handlers and the answers."""

from local.openapi.document import CHECKOUT, FILE, describe, render
from local.openapi.handlers import RouteMismatchError
from local.openapi.routes import ROUTES
from local.openapi.typescript import TYPES_FILE, render_types

__all__ = ["CHECKOUT", "FILE", "ROUTES", "TYPES_FILE", "RouteMismatchError", "describe", "render", "render_types"]
