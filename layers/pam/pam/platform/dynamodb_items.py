"""DynamoDB items of text, numbers and bytes, as the client wants them and as we do."""

from collections.abc import Mapping
from typing import Any

Field = str | float | bytes

CONDITION_FAILED = "ConditionalCheckFailedException"


def typed(fields: Mapping[str, Field]) -> dict[str, dict[str, str | bytes]]:
    """As DynamoDB's API takes them. Numbers keep a millisecond of a timestamp."""
    return {name: _typed(value) for name, value in fields.items()}


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """The same without types; every number is a float."""
    return {name: float(value["N"]) if "N" in value else next(iter(value.values())) for name, value in item.items()}


def _typed(value: Field) -> dict[str, str | bytes]:
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bytes):
        return {"B": value}
    return {"N": f"{value:.3f}"}
