"""What no log of a function may have: tokens, keys, passwords, and what travellers wrote."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg

MIN_TEXT_CHARS = 20
"""Shorter texts can be in a log by chance."""

TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]*|[Bb]earer\s+[A-Za-z0-9._-]{16,}|ticket=[A-Za-z0-9_-]{16,}")
"""A JSON Web Token, an authorization header, or a ticket in a URL."""

# What users wrote, wherever it is stored.
_TEXTS = """
select content from exchanges where role = 'user'
union select description from expenses
union select content from posts
union select body from direct_messages
union select value from facts
"""


def written_texts(owner: str) -> set[str]:
    """Return the texts of all users that are stored now."""
    with psycopg.connect(owner) as connection:
        rows = connection.execute(_TEXTS).fetchall()
    return {text for (text,) in rows if text and len(text) >= MIN_TEXT_CHARS}


def find_leaks(logs: Iterable[Path], secrets: Iterable[str], texts: Iterable[str]) -> list[str]:
    """Return the lines of logs, each with the name of its file, that have a token, a secret or a text."""
    # By their first characters: each of 100,000 values would be searched for each of 10,000 texts.
    by_start: dict[str, list[str]] = {}
    for text in texts:
        by_start.setdefault(text[:MIN_TEXT_CHARS], []).append(text)
    secrets = [secret for secret in secrets if secret]
    found: list[str] = []
    for log in logs:
        seen: set[str] = set()
        for line in log.read_text("utf-8", "replace").splitlines():
            if TOKEN.search(line) or any(secret in line for secret in secrets):
                found.append(f"{log.name}: {line}")
            for value in set(_values(line)) - seen:
                seen.add(value)
                starts = (value[at : at + MIN_TEXT_CHARS] for at in range(len(value) - MIN_TEXT_CHARS + 1))
                if any(text in value for start in starts for text in by_start.get(start, ())):
                    found.append(f"{log.name}: {value}")
    return found


def _values(line: str) -> Iterator[str]:
    """Yield the texts in a line: of a JSON object its values, escapes resolved; else the line."""
    try:
        yield from _strings(json.loads(line))
    except ValueError:
        yield line


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) >= MIN_TEXT_CHARS:
            yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _strings(name)
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
