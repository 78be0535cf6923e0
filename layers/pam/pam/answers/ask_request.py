"""A question in words with all that a fast answer to it may need."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext

from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S, Deadline

if TYPE_CHECKING:  # functions that answer without a question in words don't load its model
    from pam.answers.dependencies import TravelDependencies
    from pam.answers.question import Question

Slots = Mapping[str, Any]
"""The values that were recognised in a question, by their names."""


@dataclass(frozen=True)
class AskRequest:
    """A question, its user, and the services and the deadline of its answer."""

    dependencies: "TravelDependencies"
    user_id: UUID
    question: "Question"
    deadline: Deadline
    idempotency_key: str | None
    context: LambdaContext

    @property
    def source_deadline(self) -> Deadline:
        """The deadline of an answer that needs sources."""
        return self.deadline.at_most(FAST_ANSWER_TIMEOUT_S)

    def in_zone(self, slots: Slots) -> dict[str, Any]:
        """Return the slots with the device's time zone, as queries about money take them."""
        return {**slots, "timezone": self.question.timezone}

    def at_location(self, slots: Slots) -> dict[str, Any]:
        """Return the slots with the device's location, as queries about travel take them."""
        location = self.question.location
        if location is None:
            return dict(slots)
        return {**slots, "latitude": location.latitude, "longitude": location.longitude}
