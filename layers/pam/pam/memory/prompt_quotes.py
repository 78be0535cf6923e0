"""Removes from stored prompts what they quote of other messages.

These are recalled lines, results of tools that list memories, notes, and writes that were undone.
"""

import json
import re
from collections.abc import Callable, Collection
from typing import Any

from pam.platform.envelope import SHORTENED, clean, encode, encode_line

# A user's text can't have a section: its context escapes what looks like a tag.
_MEMORY = re.compile(r"<memory>\n.*?\n</memory>\n?", re.DOTALL)
_EVENTS = re.compile(r"<(?P<name>notes|undone)>\n(?P<lines>.*?)\n</(?P=name)>\n?", re.DOTALL)

LISTED_IN_JSON = r"{\"facts\":["
"""What the JSON of a message has where a tool has listed memories: its result is JSON in JSON."""

Blocks = list[dict[str, Any]]


def without_recalled(content: Blocks) -> Blocks:
    """Return a user message's blocks without what was recalled for it, or listed by a tool."""
    return _edit_context(_without_listed(content), lambda text: _MEMORY.sub("", text))


def without_quotes(content: Blocks) -> Blocks:
    """Return a user message's blocks without anything that they quote."""
    return _edit_context(_without_listed(content), lambda text: _EVENTS.sub("", _MEMORY.sub("", text)))


def without_events(content: Blocks, events: Collection[str]) -> Blocks:
    """Return a user message's blocks without these notes and undone writes, whole or shortened."""
    if not events:
        return content

    def remove(section: re.Match[str]) -> str:
        lines = [line for line in section["lines"].split("\n") if not _is_one_of(line, events)]
        name = section["name"]
        return f"<{name}>\n" + "\n".join(lines) + f"\n</{name}>\n" if lines else ""

    return _edit_context(content, lambda text: _EVENTS.sub(remove, text))


def _without_listed(content: Blocks) -> Blocks:
    return [
        block | {"content": _without_list(block["content"])} if block.get("type") == "tool_result" else block
        for block in content
    ]


def _without_list(result: str) -> str:
    try:
        written = json.loads(result)
        data = written["data"]
        is_list = isinstance(data["facts"], list) and isinstance(data["summaries"], list)
    except (ValueError, TypeError, LookupError):
        return result
    return encode(written | {"data": {"text": "Some of it was deleted since."}}) if is_list else result


def _is_one_of(line: str, events: Collection[str]) -> bool:
    if any(line == encode_line(event) for event in events):
        return True
    try:
        written = json.loads(line)
    except ValueError:
        return False
    if not isinstance(written, str) or not written.endswith(SHORTENED):
        return False
    beginning = written.removesuffix(SHORTENED)
    return any(clean(event).startswith(beginning) for event in events)


def _edit_context(content: Blocks, edit: Callable[[str], str]) -> Blocks:
    """Return the blocks with the context edited, which is the first one of a question."""
    return [
        block | {"text": edit(block["text"])}
        if index == 0 and block.get("type") == "text" and block["text"].startswith("<context>\n")
        else block
        for index, block in enumerate(content)
    ]
