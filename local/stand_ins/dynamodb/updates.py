"""Update expressions. All values are computed from the item as it was; then the item is changed."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache
from itertools import combinations
from typing import Any

from local.stand_ins.dynamodb.attribute_values import Attributes, AttributeValue, format_number, kind_of
from local.stand_ins.dynamodb.conditions import Scope
from local.stand_ins.dynamodb.errors import validation_error
from local.stand_ins.dynamodb.tokens import Path, Tokens, resolve, value_at

_KIND = "UpdateExpression"
_ARITHMETIC = Context(prec=38)

Expression = Callable[[Scope], AttributeValue]


@dataclass(frozen=True)
class Action:
    """A change of the value at `path`. `apply` gets the old value and returns the new one, None to remove it."""

    path: Path
    apply: Callable[[Scope, AttributeValue | None], AttributeValue | None]


@dataclass(frozen=True)
class Update:
    """A parsed update expression. `names` and `values` are the placeholders in it."""

    actions: tuple[Action, ...]
    names: frozenset[str]
    values: frozenset[str]

    def paths(self, scope: Scope) -> list[Path]:
        """Return the resolved paths that it changes. Raises `DynamoDBError` where they overlap."""
        paths = [resolve(action.path, scope.names) for action in self.actions]
        for one, other in combinations(paths, 2):
            shorter = min(len(one), len(other))
            if one[:shorter] == other[:shorter]:
                raise validation_error(
                    "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one "
                    f"of these paths; path one: {list(one)}, path two: {list(other)}"
                )
        return paths

    def apply(self, scope: Scope) -> Attributes:
        """Return the changed item. The scope's item stays as it is."""
        paths = self.paths(scope)
        changes = [
            (path, action.apply(scope, value_at(path, scope.item)))
            for path, action in zip(paths, self.actions, strict=True)
        ]
        item = copy.deepcopy(scope.item) if any(len(path) > 1 for path in paths) else dict(scope.item)
        changes.sort(key=lambda change: _order(change[0]))
        for path, value in changes:
            if value is not None:
                _write(item, path, value)
        # From the highest index down: removing a list's member moves those behind it.
        for path, value in reversed(changes):
            if value is None:
                _write(item, path, None)
        return item


def _order(path: Path) -> tuple[Any, ...]:
    return tuple((isinstance(each, int), each) for each in path)


def _write(item: Attributes, path: Path, value: AttributeValue | None) -> None:
    parent = value_at(path[:-1], item) if path[:-1] else {"M": item}
    last = path[-1]
    content: Any = None if parent is None else parent.get("L" if isinstance(last, int) else "M")
    if content is None:
        raise validation_error("The document path provided in the update expression is invalid for update")
    if value is not None:
        if isinstance(last, int) and last >= len(content):
            content.append(value)
        else:
            content[last] = value
    elif isinstance(last, int):
        del content[last : last + 1]
    else:
        content.pop(last, None)


@lru_cache(maxsize=1000)
def parse_update(text: str) -> Update:
    """Parse an update expression. Raises `DynamoDBError`."""
    tokens = Tokens(_KIND, text)
    actions: list[Action] = []
    seen: set[str] = set()
    readers = {"set": _set, "remove": _remove, "add": _add, "delete": _delete}
    while tokens.next:
        clause = tokens.accept(*readers)
        if clause is None:
            raise tokens.error(tokens.next)
        if clause in seen:
            raise validation_error(
                f'Invalid UpdateExpression: The "{clause.upper()}" section can only be used once in an update '
                "expression;"
            )
        seen.add(clause)
        actions.append(readers[clause](tokens))
        while tokens.accept(","):
            actions.append(readers[clause](tokens))
    return Update(tuple(actions), frozenset(tokens.names), frozenset(tokens.values))


def _set(tokens: Tokens) -> Action:
    path = tokens.path()
    tokens.expect("=")
    expression = _sum(tokens)
    return Action(path, lambda scope, _: expression(scope))


def _sum(tokens: Tokens) -> Expression:
    left = _operand(tokens)
    operator = tokens.accept("+", "-")
    if operator is None:
        return left
    right = _operand(tokens)
    sign = 1 if operator == "+" else -1

    def total(scope: Scope) -> AttributeValue:
        return _added(left(scope), right(scope), sign, operator)

    return total


def _added(left: AttributeValue, right: AttributeValue, sign: int, operator: str) -> AttributeValue:
    for each in (left, right):
        if kind_of(each) != "N":
            raise validation_error(
                "Invalid UpdateExpression: Incorrect operand type for operator or function; "
                f"operator or function: {operator}, operand type: {kind_of(each)}"
            )
    return {"N": format_number(_ARITHMETIC.add(Decimal(left["N"]), sign * Decimal(right["N"])))}


def _operand(tokens: Tokens) -> Expression:
    if tokens.accept("("):
        inner = _sum(tokens)
        tokens.expect(")")
        return inner
    if tokens.is_call():
        return _function(tokens)
    if tokens.next.startswith(":"):
        name = tokens.value()
        return lambda scope: scope.values[name]
    path = tokens.path()

    def stored(scope: Scope) -> AttributeValue:
        value = value_at(resolve(path, scope.names), scope.item)
        if value is None:
            raise validation_error("The provided expression refers to an attribute that does not exist in the item")
        return value

    return stored


def _function(tokens: Tokens) -> Expression:
    function = tokens.read()
    tokens.expect("(")
    if function == "if_not_exists":
        path = tokens.path()
        tokens.expect(",")
        default = _operand(tokens)
        tokens.expect(")")

        def stored_or_default(scope: Scope) -> AttributeValue:
            stored = value_at(resolve(path, scope.names), scope.item)
            return default(scope) if stored is None else stored

        return stored_or_default
    if function == "list_append":
        first = _operand(tokens)
        tokens.expect(",")
        second = _operand(tokens)
        tokens.expect(")")

        def joined(scope: Scope) -> AttributeValue:
            lists = first(scope), second(scope)
            for each in lists:
                if kind_of(each) != "L":
                    raise validation_error(
                        "Invalid UpdateExpression: Incorrect operand type for operator or function; "
                        f"operator or function: list_append, operand type: {kind_of(each)}"
                    )
            return {"L": [*lists[0]["L"], *lists[1]["L"]]}

        return joined
    raise validation_error(f"Invalid UpdateExpression: Invalid function name; function: {function}")


def _remove(tokens: Tokens) -> Action:
    return Action(tokens.path(), lambda _, __: None)


def _add(tokens: Tokens) -> Action:
    path = tokens.path()
    name = tokens.value()

    def add(scope: Scope, old: AttributeValue | None) -> AttributeValue:
        given = scope.values[name]
        kind = kind_of(given)
        if kind not in ("N", "SS", "NS", "BS"):
            raise validation_error(
                "Invalid UpdateExpression: Incorrect operand type for operator or function; "
                f"operator: ADD, operand type: {kind}"
            )
        if old is None:
            return given
        _check_same_kind(old, given)
        if kind == "N":
            return _added(old, given, 1, "ADD")
        return {kind: [*old[kind], *(each for each in given[kind] if each not in old[kind])]}

    return Action(path, add)


def _delete(tokens: Tokens) -> Action:
    path = tokens.path()
    name = tokens.value()

    def delete(scope: Scope, old: AttributeValue | None) -> AttributeValue | None:
        given = scope.values[name]
        kind = kind_of(given)
        if kind not in ("SS", "NS", "BS"):
            raise validation_error(
                "Invalid UpdateExpression: Incorrect operand type for operator or function; "
                f"operator: DELETE, operand type: {kind}"
            )
        if old is None:
            return None
        _check_same_kind(old, given)
        left = [each for each in old[kind] if each not in given[kind]]
        return {kind: left} if left else None

    return Action(path, delete)


def _check_same_kind(old: AttributeValue, given: AttributeValue) -> None:
    if kind_of(old) != kind_of(given):
        raise validation_error("An operand in the update expression has an incorrect data type")
