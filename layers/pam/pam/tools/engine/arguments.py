"""What the models of arguments have in common: strict to what is sent, short to who reads their schema."""

from typing import Any

from pydantic import BaseModel, ConfigDict

MORE_TO_DO = "more_to_do"
"""An argument that every tool with an effect has beside its own: whether the model has to go on after it."""


def _shorten(schema: dict[str, Any]) -> None:
    """Without what only costs tokens: a null for every optional argument, and the model's docstring.

    What the arguments are for is in the tool's own description.
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
