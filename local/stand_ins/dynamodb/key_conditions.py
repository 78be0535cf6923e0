"""Key condition expressions: a value of the partition key, and at most one condition on the sort key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from local.stand_ins.dynamodb.attribute_values import AttributeValue, comparable
from local.stand_ins.dynamodb.errors import validation_error
from local.stand_ins.dynamodb.tokens import Path, Tokens, resolve

_KIND = "KeyConditionExpression"

_TESTS: Mapping[str, Callable[..., bool]] = {
    "=": lambda key, value: key == value,
    "<": lambda key, value: key < value,
    "<=": lambda key, value: key <= value,
    ">": lambda key, value: key > value,
    ">=": lambda key, value: key >= value,
    "between": lambda key, low, high: low <= key <= high,
    "begins_with": lambda key, value: key.startswith(value),
}


@dataclass(frozen=True)
class KeyCondition:
    """A parsed expression: for each key attribute in it an operator and the placeholders of its values."""

    parts: tuple[tuple[Path, str, tuple[str, ...]], ...]
    names: frozenset[str]
    values: frozenset[str]

    def bind(
        self, key_names: Mapping[str, str], names: Mapping[str, str], values: Mapping[str, AttributeValue]
    ) -> tuple[Any, Callable[[Any], bool]]:
        """Return the partition key's value and a test of sort keys. Raises `DynamoDBError`.

        `key_names` are the names of the table's key attributes by key type.
        """
        by_name = {resolve(path, names): (operator, operands) for path, operator, operands in self.parts}
        hash_path = (key_names["HASH"],)
        if by_name.get(hash_path, ("", ()))[0] != "=" or len(by_name) < len(self.parts):
            raise validation_error(f"Query condition missed key schema element: {key_names['HASH']}")
        _, [hash_value] = by_name.pop(hash_path)
        range_path = (key_names.get("RANGE", ""),)
        if by_name.keys() - {range_path}:
            raise validation_error("Query key condition not supported")
        operator, operands = by_name.get(range_path, ("", ()))
        arguments = [comparable(values[each]) for each in operands]
        return comparable(values[hash_value]), lambda key: not operator or _TESTS[operator](key, *arguments)


@lru_cache(maxsize=1000)
def parse_key_condition(text: str) -> KeyCondition:
    """Parse a key condition expression. Raises `DynamoDBError`."""
    tokens = Tokens(_KIND, text)
    parts = [_part(tokens)]
    while tokens.accept("and"):
        parts.append(_part(tokens))
    if tokens.next:
        raise tokens.error(tokens.next)
    return KeyCondition(tuple(parts), frozenset(tokens.names), frozenset(tokens.values))


def _part(tokens: Tokens) -> tuple[Path, str, tuple[str, ...]]:
    if tokens.accept("("):
        part = _part(tokens)
        tokens.expect(")")
        return part
    if tokens.is_call():
        tokens.expect("begins_with")
        tokens.expect("(")
        path = tokens.path()
        tokens.expect(",")
        prefix = tokens.value()
        tokens.expect(")")
        return path, "begins_with", (prefix,)
    path = tokens.path()
    operator = tokens.accept("between", "=", "<", "<=", ">", ">=")
    if operator is None:
        raise tokens.error(tokens.next)
    if operator == "between":
        low = tokens.value()
        tokens.expect("and")
        return path, operator, (low, tokens.value())
    return path, operator, (tokens.value(),)
