"""Files of conversations with questions, for `python -m pam.memory.evaluate`."""

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints, TypeAdapter, ValidationError
from typing_extensions import TypedDict


class InvalidConversations(ValueError):
    """The file isn't of the format; the message says where."""


def _check_instant(value: str) -> str:
    datetime.fromisoformat(value)
    return value


def _check_characters(value: str) -> str:
    value.encode()  # one half of a character can be stored nowhere
    return value


_Content = Annotated[str, AfterValidator(_check_characters)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_check_characters)]


class EvaluatedMessage(TypedDict):
    """A message; `at` is an instant in ISO 8601."""

    id: int | str
    session: int | str
    role: str
    at: Annotated[str, AfterValidator(_check_instant)]
    content: _Content


class EvaluatedQuestion(TypedDict):
    """A question with the ids of the messages that answer it, and its answer, if it has one."""

    text: _Text
    kind: str
    evidence: list[int | str]
    answer: Any


class EvaluatedConversation(TypedDict):
    """A line of the file."""

    id: int | str
    messages: list[EvaluatedMessage]
    questions: list[EvaluatedQuestion]


_LINE = TypeAdapter(EvaluatedConversation)


def read_conversations(path: Path) -> list[EvaluatedConversation]:
    """Return the conversations of a file, plain or gzip, at least one.

    Raises `OSError`, and `InvalidConversations` where the file isn't what it has to be.
    """
    try:
        conversations = [_parse(number, line) for number, line in _lines(path)]
    except (EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InvalidConversations(f"it is no whole text file ({error})") from None
    if not conversations:
        raise InvalidConversations("it has no conversation")
    _check_unique("conversation", [each["id"] for each in conversations])
    return conversations


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rt", encoding="utf-8-sig") if is_gzip else path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, line


def _parse(number: int, line: str) -> EvaluatedConversation:
    try:
        value = json.loads(line)
        if isinstance(value, dict):
            value = value | {"questions": [_with_answer(each) for each in value.get("questions", ())]}
        conversation = _LINE.validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the line"
        raise InvalidConversations(f"line {number}: {place}: {first['msg']}") from None
    except (ValueError, TypeError, RecursionError):
        raise InvalidConversations(f"line {number} is no JSON object with messages and questions") from None
    _check_unique(f"line {number}: message", [each["id"] for each in conversation["messages"]])
    return conversation


def _with_answer(question: Any) -> Any:
    return {"answer": None} | question if isinstance(question, dict) else question


def _check_unique(what: str, ids: Sequence[int | str]) -> None:
    seen: set[str] = set()
    for each in map(str, ids):
        if each in seen:
            raise InvalidConversations(f"{what} {each} is there twice")
        seen.add(each)
