"""`python -m local.tool_definitions`: writes the definitions of the tools as Claude is sent them, one in a line."""

import json
from pathlib import Path

from pam.tools.catalog import TOOLS

FILE = Path(__file__).parents[1] / "docs" / "tool_definitions.json"


def render() -> str:
    """Return the definitions as a JSON list. They are in every prompt: another byte invalidates the cached prefix."""
    lines = (json.dumps(definition, ensure_ascii=False, separators=(",", ":")) for definition in TOOLS.definitions())
    return "[\n" + ",\n".join(lines) + "\n]\n"


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
