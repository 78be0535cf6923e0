"""Attribute values as they are sent: `{"S": "text"}`. Validation, comparison and sizes as DynamoDB defines them."""

import base64
import binascii
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from local.stand_ins.dynamodb.errors import validation_error

AttributeValue = dict[str, Any]
Attributes = dict[str, AttributeValue]

_MAX_DIGITS = 38
_MAX_EXPONENT = 125
_MIN_EXPONENT = -130
_MAX_DEPTH = 32


def normalized(value: Any, depth: int = 1) -> AttributeValue:
    """Return a valid value, its numbers in DynamoDB's notation. Raises `DynamoDBError`."""
    if not isinstance(value, Mapping) or len(value) != 1:
        raise validation_error("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
    [(kind, content)] = value.items()
    if depth > _MAX_DEPTH:
        raise validation_error("Nesting Levels have exceeded supported limits")
    match kind:
        case "S" if isinstance(content, str):
            return {"S": content}
        case "N" if isinstance(content, str):
            return {"N": _number(content)}
        case "B" if isinstance(content, str):
            return {"B": _binary(content)}
        case "BOOL" if isinstance(content, bool):
            return {"BOOL": content}
        case "NULL" if content is True:
            return {"NULL": True}
        case "L" if isinstance(content, list):
            return {"L": [normalized(each, depth + 1) for each in content]}
        case "M" if isinstance(content, Mapping):
            return {"M": {name: normalized(each, depth + 1) for name, each in content.items()}}
        case "SS" | "NS" | "BS" if isinstance(content, list):
            members = [normalized({kind[0]: each})[kind[0]] for each in content]
            if not members:
                raise validation_error("One or more parameter values were invalid: An string set  may not be empty")
            if len(set(members)) < len(members):
                raise validation_error(
                    f"One or more parameter values were invalid: Input collection {content} contains duplicates."
                )
            return {kind: members}
    raise validation_error("Supplied AttributeValue has a value of another type than its name says")


def _number(text: str) -> str:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise validation_error(f"The parameter cannot be converted to a numeric value: {text}")
    return format_number(number)


def format_number(number: Decimal) -> str:
    """Return a number as DynamoDB returns it, without exponent and trailing zeros. Raises `DynamoDBError`."""
    if not number:
        return "0"
    if number.adjusted() > _MAX_EXPONENT:
        raise validation_error(
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        )
    if number.adjusted() < _MIN_EXPONENT:
        raise validation_error(
            "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        )
    digits = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    if len(digits.lstrip("0")) > _MAX_DIGITS:
        raise validation_error("Attempting to store more than 38 significant digits in a Number")
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _binary(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        raise validation_error("Invalid base64 in a binary value") from None
    return text


def kind_of(value: AttributeValue) -> str:
    """Return the name of a value's type: `S`, `N`, ..."""
    return next(iter(value))


def comparable(value: AttributeValue) -> Any:
    """Return what values of the same type are compared by. Sets compare as sets."""
    [(kind, content)] = value.items()
    match kind:
        case "N":
            return Decimal(content)
        case "S":
            return content.encode()
        case "B":
            return base64.b64decode(content)
        case "SS" | "NS" | "BS":
            return frozenset(content)
    return content


def is_equal(left: AttributeValue, right: AttributeValue) -> bool:
    """Return whether two values have the same type and content; lists and maps are compared member by member."""
    kind = kind_of(left)
    if kind != kind_of(right):
        return False
    mine, other = left[kind], right[kind]
    if kind == "L":
        return len(mine) == len(other) and all(map(is_equal, mine, other))
    if kind == "M":
        return mine.keys() == other.keys() and all(is_equal(mine[name], other[name]) for name in mine)
    return bool(comparable(left) == comparable(right))


def size_of(value: AttributeValue) -> int | None:
    """Return what the function `size` returns: bytes or members; None where the type has no size."""
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(base64.b64decode(content))
        case "SS" | "NS" | "BS" | "L" | "M":
            return len(content)
    return None


def stored_size(attributes: Attributes) -> int:
    """Return the bytes that count against an item's limit and a page's."""
    return sum(len(name.encode()) + _stored_size(value) for name, value in attributes.items())


def _stored_size(value: AttributeValue) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content) // 2 + 2
        case "B":
            return len(base64.b64decode(content))
        case "SS" | "NS" | "BS":
            return sum(_stored_size({kind[0]: each}) for each in content)
        case "L":
            return 3 + sum(1 + _stored_size(each) for each in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _stored_size(each) for name, each in content.items())
    return 1
