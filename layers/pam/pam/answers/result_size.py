"""How much of a list fits into the result of a tool, which has 8 KB with its sentence."""

from collections.abc import Iterable
from typing import TypeVar

from pam.answers.json_values import to_json
from pam.platform.envelope import encode

MAX_LIST_BYTES = 6000

T = TypeVar("T")


def take_fitting(items: Iterable[T], max_bytes: int = MAX_LIST_BYTES) -> list[T]:
    """Return the first items, as many as have at most so many bytes as JSON together; the first one always."""
    taken: list[T] = []
    size = 0
    for item in items:
        size += len(encode(to_json(item)).encode())
        if taken and size > max_bytes:
            break
        taken.append(item)
    return taken
