"""template.yaml for the local stack: expanded by SAM's own translator, with every reference resolved."""

from local.template.intrinsics import TemplateError
from local.template.model import EventInvoke, Function, JwtAuthorizer, Route, Schedule, Store, Template
from local.template.reader import load, read_source

__all__ = [
    "EventInvoke",
    "Function",
    "JwtAuthorizer",
    "Route",
    "Schedule",
    "Store",
    "Template",
    "TemplateError",
    "load",
    "read_source",
]
