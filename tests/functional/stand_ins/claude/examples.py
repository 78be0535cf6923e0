"""The example sentences of README, docs, page, command line and API, extracted from where travellers read them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[4]

_QUOTED = re.compile(r'"([^"\n]+)"')
# A quotation with an ellipsis or a placeholder is a fragment. A sentence has three words and begins as people ask.
_SENTENCE = re.compile(
    r"(?!.*[…{}<>])(?:(?:add|am|camping|find|gas|grabbed|groceries|how|how's|i|i'm|is|my|paid|plan|rv|show|spent|tell|weather"
    r"|what|what's|when|where|which|will)\b(?:\s+\S+){2,}|(?:\S+\s+){2,}\S*\?)",
    re.IGNORECASE,
)


def example_sentences() -> list[str]:
    """Return all sentences, each once."""
    return list(dict.fromkeys([*_documents(), *_page(), *_command_line(), *_api()]))


def _documents() -> Iterator[str]:
    for file in (CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))):
        for quoted in _QUOTED.findall(file.read_text(encoding="utf-8")):
            sentence = quoted.replace("*", "")
            if _SENTENCE.fullmatch(sentence):
                yield sentence


def _page() -> Iterator[str]:
    source = (CHECKOUT / "web" / "app.js").read_text(encoding="utf-8")
    for _, value in re.findall(r"^const (EXAMPLE_\w+) = (.*?);$", source, re.DOTALL | re.MULTILINE):
        yield from _QUOTED.findall(value)


def _command_line() -> Iterator[str]:
    yield from re.findall(r'for example "([^"]+)"', (CHECKOUT / "local" / "cli.py").read_text(encoding="utf-8"))


def _api() -> Iterator[str]:
    def walk(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if node.get("format") == "question":
                yield from node["examples"]
            for value in node.values():
                yield from walk(value)
        elif isinstance(node, list):
            for value in node:
                yield from walk(value)

    yield from walk(json.loads((CHECKOUT / "docs" / "openapi.json").read_text(encoding="utf-8")))
