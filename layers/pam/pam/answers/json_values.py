"""Conversion of typed answers to JSON values and back, by the fields of their dataclasses.

Instead of pydantic, whose validators take milliseconds to build in each new Lambda environment. Two rules apply to
names: a field `from_`, which Python needs for a keyword, is `from` in JSON; and a field whose default is None is left
out where it is None.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True)
def json_dataclass(cls: type[T]) -> type[T]:
    """Define a keyword-only dataclass of JSON values, whose fields type checkers don't allow to change.

    Not frozen at run time: that would double the time to define the class, and to make each object.
    """
    return dataclass(kw_only=True)(cls)


Converter = Callable[[Any], Any] | None
"""Restores a value from JSON; None where it is the same in JSON."""

_SCALARS = frozenset({str, int, float, bool, NoneType})


def to_json(value: Any) -> Any:
    """Convert a dataclass, and the dataclasses, tuples and dicts in it, to JSON values."""
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {name: to_json(item) for name, item in value.items()}
    if not is_dataclass(value):
        return value
    kind: Any = type(value)
    converted = {}
    for attribute, name, is_optional in _names(kind):
        item = getattr(value, attribute)
        if item is not None or not is_optional:
            converted[name] = item if type(item) in _SCALARS else to_json(item)
    return converted


def from_json(kind: type[T], value: Any) -> T:
    """Restore a dataclass from what `to_json` made of it. Raises ValueError for another shape."""
    try:
        restored: T = _restore(kind, value)
    except (AttributeError, KeyError, TypeError) as mismatch:
        raise ValueError(f"not a {kind.__name__}") from mismatch
    return restored


def _restore(kind: Any, value: dict[str, Any]) -> Any:
    converters = _converters(kind)
    attributes = {}
    for name, item in value.items():
        attribute, convert = converters[name]
        attributes[attribute] = item if convert is None or item is None else convert(item)
    return kind(**attributes)


@cache
def _names(kind: Any) -> tuple[tuple[str, str, bool], ...]:
    """Return each field's attribute, its name in JSON, and whether it is left out where it is None."""
    return tuple((field.name, field.name.rstrip("_"), field.default is None) for field in fields(kind))


@cache
def _converters(kind: Any) -> dict[str, tuple[str, Converter]]:
    """Return by the name in JSON the attribute and the converter of each field."""
    hints = get_type_hints(kind)
    return {name: (attribute, _converter(hints[attribute])) for attribute, name, _ in _names(kind)}


def _converter(hint: Any) -> Converter:
    if is_dataclass(hint):
        return lambda item: _restore(hint, item)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    arguments = get_args(hint)
    if get_origin(hint) is tuple:
        convert = _converter(arguments[0])
        return lambda items: tuple(items) if convert is None else tuple(convert(item) for item in items)
    if NoneType in arguments:
        return _converter(next(argument for argument in arguments if argument is not NoneType))
    return None
