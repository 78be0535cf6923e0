"""The description of the HTTP API and the page's types, generated from the template, the handlers and the answers."""

from local.openapi.document import CHECKOUT, FILE, describe, render
from local.openapi.frames import FRAME_TYPES_FILE, render_frame_types
from local.openapi.handlers import RouteMismatchError
from local.openapi.routes import ROUTES
from local.openapi.typescript import TYPES_FILE, render_types

__all__ = [
    "CHECKOUT",
    "FILE",
    "FRAME_TYPES_FILE",
    "ROUTES",
    "TYPES_FILE",
    "RouteMismatchError",
    "describe",
    "render",
    "render_frame_types",
    "render_types",
]
