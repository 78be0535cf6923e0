"""The base of the models of tools' arguments: strict in what they accept, with a short schema."""

from typing import Any

from pydantic import BaseModel, ConfigDict

MORE_TO_DO = "more_to_do"
"""An argument that every tool with an effect has beside its own: whether the model has to go on after it."""


def _shorten(schema: dict[str, Any]) -> None:
    """Remove what only costs tokens: the null of each optional argument, and the model's docstring.

    The tool's own description covers the latter.
    """
    schema.pop("description", None)
    for argument in schema.get("properties", {}).values():
        choices = [choice for choice in argument.get("anyOf", []) if choice != {"type": "null"}]
        if len(choices) == 1:
            del argument["anyOf"]
            argument.update(choices[0] | argument)


class ToolArguments(BaseModel):
    """The arguments of a tool."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=_shorten)
