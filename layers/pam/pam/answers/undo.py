"""A write that is undone, with how its budget stands without it."""

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from pam.answers.answer import Answer, Instant
from pam.answers.budget_item import BudgetItem
from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import json_dataclass
from pam.ledger.effects import undo_effect
from pam.ledger.operation import WriteOperation
from pam.platform.deadline import Deadline


@json_dataclass
class EffectUndone(Answer):
    """A write that was undone."""

    source: Annotated[str, Field(description="Where the write was recorded.", examples=["Your expenses in PAM"])]
    as_of: Annotated[Instant, Field(description="When it was undone.")]
    undone: Literal[True] = True
    budget: Annotated[BudgetItem | None, Field(description="Of an expense: its budget without it, if it has one.")] = (
        None
    )


def undo(
    dependencies: UserDependencies,
    user_id: UUID,
    effect_id: UUID,
    find_operation: Callable[[str], WriteOperation[Any] | None],
    deadline: Deadline,
) -> EffectUndone:
    """Undo a write of the last ten minutes; repeated, it changes nothing and returns the same. Raises `PamError`."""
    undone = undo_effect(dependencies, user_id, effect_id, find_operation, deadline)
    return EffectUndone(
        text=undone.result.text,
        source=undone.source,
        simulated=undone.simulated,
        as_of=undone.as_of,
        budget=undone.result.data.get("budget"),
    )
