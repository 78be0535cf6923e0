"""The previews of tools that have none of their own: what is approved is shown in a traveller's words."""

from typing import Any

import pytest

from pam.tools.catalog import TOOLS
from pam.tools.engine.execution import preview
from pam.tools.engine.parsing import parse_arguments


@pytest.mark.parametrize(
    ("tool", "call", "text"),
    [
        (
            "add_fuel_entry",
            '{"odometer": "45,300 mi", "volume": "20 gal", "total": 70, "full_tank": true}',
            "odometer 45,300 mi",
        ),
        ("add_fuel_entry", '{"odometer": 45300, "volume": "20 gal", "total": 70, "full_tank": true}', "odometer 45300"),
        ("add_fuel_entry", '{"odometer": 45300, "volume": "20 gal", "total": 70, "full_tank": true}', "full tank yes"),
        (
            "add_fuel_entry",
            '{"odometer": 45300, "volume": "20 l", "price": "1.799/l", "full_tank": true}',
            "price 1.799/l",
        ),
        ("add_fuel_entry", '{"odometer": 45300, "volume": "20 gal", "price": 3.599, "full_tank": true}', "price 3.599"),
        (
            "add_vehicle",
            '{"name": "Rosie", "kind": "motorhome", "details": {"height": "12 ft 6 in"}}',
            "height 12 ft 6 in",
        ),
    ],
)
def test_arguments_are_shown_as_they_were_written(tool: str, call: str, text: str) -> None:
    context: Any = None  # what shows only arguments reads nothing
    shown = preview(context, TOOLS[tool], parse_arguments(TOOLS[tool], call)).text
    assert text in shown
    assert not set(shown) & set("{}[]'_")
