"""The tools that Claude can call, one module per category."""

from pam.tools.catalog import (
    budget,
    calendar,
    community,
    events,
    exports,
    meetups,
    memory,
    money,
    places,
    posts,
    profile,
    routes,
    shop,
    travel,
    trips,
    vehicles,
)
from pam.tools.engine.registry import ToolRegistry

TOOLS = ToolRegistry(
    (
        *money.TOOLS,
        *budget.TOOLS,
        *travel.TOOLS,
        *routes.TOOLS,
        *trips.TOOLS,
        *places.TOOLS,
        *community.TOOLS,
        *posts.TOOLS,
        *meetups.TOOLS,
        *events.TOOLS,
        *memory.TOOLS,
        *profile.TOOLS,
        *shop.TOOLS,
        *calendar.TOOLS,
        *vehicles.TOOLS,
        *exports.TOOLS,
    )
)
