"""What travellers say of an answer, with its turn and tier."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from pam.answers.answer import Answer, Instant, instant, one_of
from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import json_dataclass
from pam.platform.deadline import Deadline
from pam.platform.dimensions import TURN_ANSWERED, FeedbackVerdict
from pam.platform.errors import MESSAGE_NOT_FOUND, PamError
from pam.platform.metrics import Metric
from pam.platform.observability import count
from pam.platform.postgres import Connection
from pam.platform.uuids import Uuid

SOURCE = "Your feedback in PAM"


class NewFeedback(BaseModel):
    """A verdict on an answer; a later one replaces it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    message_id: Annotated[Uuid, WithJsonSchema({"type": "string", "format": "message-uuid"})] = Field(
        description="Of the question that was answered, in the hyphenated form of a UUID."
    )
    verdict: FeedbackVerdict


@json_dataclass
class FeedbackRecorded(Answer):
    """A verdict that was recorded."""

    source: Annotated[str, Field(description="Where it is recorded.", examples=[SOURCE])]
    as_of: Annotated[Instant, Field(description="When it was recorded.")]
    message_id: str
    verdict: Annotated[str, one_of(*FeedbackVerdict)]
    tier_of_answer: Annotated[int, Field(ge=1, le=3)]


# The tier is the turn's own. A turn that ended with an error has no answer. A verdict that is given again isn't counted
# again.
_RECORD = """
insert into feedback (user_id, turn_id, tier, verdict, created_at)
select user_id, id, tier, %(verdict)s, %(now)s
  from turns where user_id = %(user)s and id = %(turn)s and ended = %(answered)s
on conflict (user_id, turn_id) do update set verdict = excluded.verdict, created_at = excluded.created_at
 where feedback.verdict <> excluded.verdict
returning tier
"""
_READ = "select tier from feedback where user_id = %(user)s and turn_id = %(turn)s"


def record_feedback(
    dependencies: UserDependencies, user_id: UUID, feedback: NewFeedback, deadline: Deadline
) -> FeedbackRecorded:
    """Record a verdict. Raises `PamError` (`message_not_found`) where the user has no such answer."""
    now = dependencies.clock()
    with dependencies.database.session(user_id, deadline) as connection:
        tier, is_new = _record(connection, user_id, feedback, now)
    if is_new:
        count(Metric.FEEDBACK, {"verdict": feedback.verdict.value, "tier": str(tier)})
    return FeedbackRecorded(
        text="Thank you, that is noted.",
        source=SOURCE,
        simulated=False,
        as_of=instant(now),
        message_id=str(feedback.message_id),
        verdict=feedback.verdict.value,
        tier_of_answer=tier,
    )


def _record(connection: Connection, user_id: UUID, feedback: NewFeedback, now: datetime) -> tuple[int, bool]:
    """Return the answer's tier, and whether the verdict is another one than before."""
    scope = {"user": user_id, "turn": feedback.message_id, "verdict": feedback.verdict.value, "now": now}
    scope |= {"answered": TURN_ANSWERED}
    if (recorded := connection.execute(_RECORD, scope).fetchone()) is not None:
        return recorded["tier"], True
    if (unchanged := connection.execute(_READ, scope).fetchone()) is not None:
        return unchanged["tier"], False
    raise PamError(MESSAGE_NOT_FOUND, "PAM has no answer of yours under this id.", field="message_id")
