"""The tools that Claude can call, one module per category."""

from pam.tools.catalog import calendar, community, memory, money, places, shop, travel, trips
from pam.tools.engine.registry import ToolRegistry

TOOLS = ToolRegistry(
    (
        *money.TOOLS,
        *travel.TOOLS,
        *trips.TOOLS,
        *places.TOOLS,
        *community.TOOLS,
        *shop.TOOLS,
        *calendar.TOOLS,
        *memory.TOOLS,
    )
)
