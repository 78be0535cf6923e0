"""Recognises the writes of a first attempt when its question is asked again.

A model may write the same call in other words: with a description, or with a default written out. By its arguments it
would be another write.
"""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from pam.ledger.turn_effects import TurnWrite, read_turn_writes
from pam.tools.engine.definition import Tool, ToolContext


class RepeatedWrites:
    """The writes of the turn that `context`'s turn repeats; none where it repeats none."""

    def __init__(self, context: ToolContext) -> None:
        self._context = context
        self._unmatched: list[TurnWrite] | None = None if _is_repetition(context) else []

    def key(self, tool: Tool[Any], arguments: BaseModel, key: str) -> str:
        """Return the key of the first attempt's write that a call repeats, each once, or `key`.

        Raises `DatabaseUnavailable`.
        """
        if tool.operation is None:
            return key
        if self._unmatched is None:
            self._unmatched = self._read()
        same = next((write for write in self._unmatched if write.key == key), None) or next(
            (write for write in self._unmatched if _is_same(tool, arguments, write)), None
        )
        if same is None:
            return key
        self._unmatched.remove(same)
        return same.key

    def _read(self) -> list[TurnWrite]:
        context = self._context
        with context.dependencies.database.session(context.user_id, context.deadline) as connection:
            return read_turn_writes(connection, context.user_id, UUID(context.key))


def _is_repetition(context: ToolContext) -> bool:
    return context.turn_id is not None and context.key != str(context.turn_id)


def _is_same(tool: Tool[Any], arguments: BaseModel, write: TurnWrite) -> bool:
    assert tool.operation is not None
    return tool.repeats is not None and write.operation == tool.operation.name and tool.repeats(arguments, write.data)
