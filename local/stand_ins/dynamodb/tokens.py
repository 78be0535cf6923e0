"""The tokens and document paths of DynamoDB's expressions."""

import re
from collections.abc import Mapping
from typing import Any

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from local.stand_ins.dynamodb.attribute_values import Attributes, AttributeValue
from local.stand_ins.dynamodb.errors import DynamoDBError, validation_error

Path = tuple[str | int, ...]
"""Attribute names, still as placeholders where the expression has them, and list indexes."""

_TOKEN = re.compile(r"\s*(?:([#:]?[A-Za-z_][A-Za-z0-9_]*|[#:][A-Za-z0-9_]+)|(\d+)|(<>|<=|>=|[-=<>()\[\],.+]))")


class Tokens:
    """The tokens of one expression, read one after another. `names` and `values` are the placeholders read so far."""

    def __init__(self, kind: str, text: str) -> None:
        self.names: set[str] = set()
        self.values: set[str] = set()
        self._kind = kind
        self._tokens: list[str] = []
        self._next = 0
        if not text.strip():
            raise validation_error(f"Invalid {kind}: The expression can not be empty;")
        position, text = 0, text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise self.error(text[position:].strip()[:1])
            self._tokens.append(match.group().strip())
            position = match.end()

    @property
    def next(self) -> str:
        """The token that is read next; the empty string at the end."""
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def read(self) -> str:
        """Return the next token and go on."""
        token = self.next
        self._next += 1
        return token

    def accept(self, *keywords: str) -> str | None:
        """Read one of these keywords or symbols, in lower case, if it comes next."""
        token = self.next.lower()
        return self.read().lower() if token in keywords else None

    def expect(self, symbol: str) -> None:
        """Read this keyword or symbol. Raises `DynamoDBError`."""
        if self.accept(symbol) is None:
            raise self.error(self.next)

    def is_call(self) -> bool:
        """Return whether a function's name and its opening parenthesis come next."""
        following = self._tokens[self._next + 1 : self._next + 2]
        return following == ["("] and self.next[:1].isalpha()

    def value(self) -> str:
        """Read a value's placeholder."""
        token = self.read()
        if not token.startswith(":"):
            raise self.error(token)
        self.values.add(token)
        return token

    def path(self) -> Path:
        """Read a document path."""
        path: list[str | int] = [self._name()]
        while symbol := self.accept(".", "["):
            if symbol == ".":
                path.append(self._name())
                continue
            index = self.read()
            if not index.isdigit():
                raise self.error(index)
            path.append(int(index))
            self.expect("]")
        return tuple(path)

    def _name(self) -> str:
        token = self.read()
        if token.startswith("#"):
            self.names.add(token)
        elif not (token[:1].isalpha() or token[:1] == "_"):
            raise self.error(token)
        elif token.upper() in ReservedKeywords.get_reserved_keywords():
            raise validation_error(
                f"Invalid {self._kind}: Attribute name is a reserved keyword; reserved keyword: {token}"
            )
        return token

    def error(self, token: str) -> DynamoDBError:
        """Return the error of a token that doesn't fit."""
        shown = token or "<EOF>"
        return validation_error(f'Invalid {self._kind}: Syntax error; token: "{shown}"')


def resolve(path: Path, names: Mapping[str, str]) -> Path:
    """Return the path with the names that its placeholders stand for."""
    return tuple(names[each] if isinstance(each, str) and each.startswith("#") else each for each in path)


def value_at(path: Path, item: Attributes) -> AttributeValue | None:
    """Return the value at a resolved path, None where there is none."""
    found: Any = {"M": item}
    for each in path:
        if isinstance(each, int):
            members = found.get("L", [])
            found = members[each] if each < len(members) else None
        else:
            found = found.get("M", {}).get(each)
        if found is None:
            return None
    value: AttributeValue = found
    return value
