"""A question in words with all that a fast answer to it may need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext

from pam.platform.deadline import FAST_ANSWER_TIMEOUT_S, Deadline
from pam.users.profile import read_profile
from pam.users.typed_at import resolve_typed_at

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
    check_enabled: Callable[[str], None]
    """Raises `PamError` for the name of a tool that is switched off: a fast answer does the same as a tool."""

    @property
    def source_deadline(self) -> Deadline:
        """The deadline of an answer that needs sources."""
        return self.deadline.at_most(FAST_ANSWER_TIMEOUT_S)

    @property
    def typed_day(self) -> date:
        """The date at which the question was typed, where the user is. Raises `PamError`."""
        return self._date_of(resolve_typed_at(self.question.typed_at, self.dependencies.clock()))

    @property
    def was_typed_today(self) -> bool:
        """Whether days such as today still mean the same as when the question was typed. Raises `PamError`."""
        now = self.dependencies.clock()
        typed_at = resolve_typed_at(self.question.typed_at, now)
        return self.question.typed_at is None or self._date_of(typed_at) == self._date_of(now)

    def _date_of(self, instant: datetime) -> date:
        zone = self.question.timezone
        if zone is None:
            with self.dependencies.database.session(self.user_id, self.deadline) as connection:
                zone = read_profile(connection, self.user_id).zone
        return instant.astimezone(zone).date()

    def in_zone(self, slots: Slots) -> dict[str, Any]:
        """Return the slots with the device's time zone, as queries about money take them."""
        return {**slots, "timezone": self.question.timezone}

    def at_location(self, slots: Slots) -> dict[str, Any]:
        """Return the slots with the device's location, as queries about travel take them."""
        location = self.question.location
        if location is None:
            return dict(slots)
        return {**slots, "latitude": location.latitude, "longitude": location.longitude}
