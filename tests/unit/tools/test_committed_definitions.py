"""The committed definitions of the tools, by which a change of any byte of the prompt's prefix is seen."""

import json

from local.tool_definitions import FILE, render
from pam.tools.catalog import TOOLS


def test_committed_definitions_are_those_of_the_code() -> None:
    """`make definitions` writes them again."""
    assert FILE.read_text(encoding="utf-8") == render(), "definitions of tools have changed: run `make definitions`"


def test_rendered_definitions_are_those_that_are_sent() -> None:
    """In the same order, of tools and of keys."""
    assert json.dumps(json.loads(render())) == json.dumps(TOOLS.definitions())
