"""Condition expressions, parsed once into functions of an item."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from local.stand_ins.dynamodb.attribute_values import (
    Attributes,
    AttributeValue,
    comparable,
    is_equal,
    kind_of,
    size_of,
)
from local.stand_ins.dynamodb.errors import validation_error
from local.stand_ins.dynamodb.tokens import Path, Tokens, resolve, value_at


@dataclass(frozen=True)
class Scope:
    """What an expression refers to: the item, and the placeholders' names and values."""

    item: Attributes
    names: Mapping[str, str]
    values: Mapping[str, AttributeValue]


Operand = Callable[[Scope], AttributeValue | None]
Predicate = Callable[[Scope], bool]

_ORDERED = frozenset({"S", "N", "B"})


@dataclass(frozen=True)
class Condition:
    """A parsed condition. `names` and `values` are the placeholders in it."""

    holds: Predicate
    names: frozenset[str]
    values: frozenset[str]


@lru_cache(maxsize=1000)
def parse_condition(text: str) -> Condition:
    """Parse a condition. Raises `DynamoDBError`."""
    tokens = Tokens("ConditionExpression", text)
    holds = _or(tokens)
    if tokens.next:
        raise tokens.error(tokens.next)
    return Condition(holds, frozenset(tokens.names), frozenset(tokens.values))


def _or(tokens: Tokens) -> Predicate:
    parts = [_and(tokens)]
    while tokens.accept("or"):
        parts.append(_and(tokens))
    return parts[0] if len(parts) == 1 else lambda scope: any(part(scope) for part in parts)


def _and(tokens: Tokens) -> Predicate:
    parts = [_not(tokens)]
    while tokens.accept("and"):
        parts.append(_not(tokens))
    return parts[0] if len(parts) == 1 else lambda scope: all(part(scope) for part in parts)


def _not(tokens: Tokens) -> Predicate:
    if tokens.accept("not"):
        negated = _not(tokens)
        return lambda scope: not negated(scope)
    if tokens.accept("("):
        inner = _or(tokens)
        tokens.expect(")")
        return inner
    if tokens.is_call() and tokens.next.lower() != "size":
        return _function(tokens)
    return _comparison(tokens)


def _function(tokens: Tokens) -> Predicate:
    name = tokens.read()
    tokens.expect("(")
    path = tokens.path()
    predicate: Predicate
    match name:
        case "attribute_exists":
            predicate = lambda scope: _at(path, scope) is not None  # noqa: E731
        case "attribute_not_exists":
            predicate = lambda scope: _at(path, scope) is None  # noqa: E731
        case "begins_with" | "contains" | "attribute_type":
            tokens.expect(",")
            test = {"begins_with": _begins_with, "contains": _contains, "attribute_type": _has_type}[name]
            argument = operand(tokens)

            def predicate(scope: Scope) -> bool:
                found, given = _at(path, scope), argument(scope)
                return found is not None and given is not None and test(found, given)

        case _:
            raise validation_error(f"Invalid ConditionExpression: Invalid function name; function: {name}")
    tokens.expect(")")
    return predicate


def _comparison(tokens: Tokens) -> Predicate:
    left = operand(tokens)
    if tokens.accept("between"):
        low = operand(tokens)
        tokens.expect("and")
        high = operand(tokens)
        return lambda scope: _is_ordered(low(scope), "<=", left(scope)) and _is_ordered(left(scope), "<=", high(scope))
    if tokens.accept("in"):
        tokens.expect("(")
        choices = [operand(tokens)]
        while tokens.accept(","):
            choices.append(operand(tokens))
        tokens.expect(")")
        return lambda scope: any(_are_equal(left(scope), choice(scope)) for choice in choices)
    comparator = tokens.accept("=", "<>", "<", "<=", ">", ">=")
    if comparator is None:
        raise tokens.error(tokens.next)
    right = operand(tokens)
    match comparator:
        case "=":
            return lambda scope: _are_equal(left(scope), right(scope))
        case "<>":
            return lambda scope: not _are_equal(left(scope), right(scope))
    return lambda scope: _is_ordered(left(scope), comparator, right(scope))


def operand(tokens: Tokens) -> Operand:
    """Read a path, a value or a call of `size`."""
    if tokens.next.startswith(":"):
        name = tokens.value()
        return lambda scope: scope.values[name]
    if tokens.is_call():
        function = tokens.read()
        if function != "size":
            raise validation_error(f"Invalid ConditionExpression: Invalid function name; function: {function}")
        tokens.expect("(")
        sized = tokens.path()
        tokens.expect(")")
        return lambda scope: _size(_at(sized, scope))
    path = tokens.path()
    return lambda scope: _at(path, scope)


def _at(path: Path, scope: Scope) -> AttributeValue | None:
    return value_at(resolve(path, scope.names), scope.item)


def _size(value: AttributeValue | None) -> AttributeValue | None:
    size = None if value is None else size_of(value)
    return None if size is None else {"N": str(size)}


def _are_equal(left: AttributeValue | None, right: AttributeValue | None) -> bool:
    return left is not None and right is not None and is_equal(left, right)


def _is_ordered(left: AttributeValue | None, comparator: str, right: AttributeValue | None) -> bool:
    if left is None or right is None or kind_of(left) != kind_of(right) or kind_of(left) not in _ORDERED:
        return False
    mine, other = comparable(left), comparable(right)
    match comparator:
        case "<":
            return bool(mine < other)
        case "<=":
            return bool(mine <= other)
        case ">":
            return bool(mine > other)
    return bool(mine >= other)


def _begins_with(found: AttributeValue, given: AttributeValue) -> bool:
    if kind_of(given) not in ("S", "B"):
        raise validation_error(
            "Invalid ConditionExpression: Incorrect operand type for operator or function; "
            f"operator or function: begins_with, operand type: {kind_of(given)}"
        )
    return kind_of(found) == kind_of(given) and comparable(found).startswith(comparable(given))


def _contains(found: AttributeValue, given: AttributeValue) -> bool:
    [(kind, content)] = found.items()
    match kind:
        case "S":
            return kind_of(given) == "S" and given["S"] in content
        case "SS" | "NS" | "BS":
            return kind_of(given) == kind[0] and given[kind[0]] in content
        case "L":
            return any(is_equal(each, given) for each in content)
    return False


def _has_type(found: AttributeValue, given: AttributeValue) -> bool:
    return given.get("S") == kind_of(found)
