"""The limit of a day's drive that a traveller had PAM remember."""

from uuid import UUID

from pam.answers.dependencies import UserDependencies
from pam.memory.facts import current_facts
from pam.platform.deadline import Deadline
from pam.travel.day_limit import USUAL_LIMIT, DayLimit, remembered_limit


def read_day_limit(dependencies: UserDependencies, user_id: UUID, deadline: Deadline) -> DayLimit:
    """Return the limit of the newest remembered fact that sets one, else the usual one."""
    with dependencies.database.session(user_id, deadline) as connection:
        facts = current_facts(connection, user_id)
    return remembered_limit(f"{fact.subject}: {fact.value}" for fact in facts) or USUAL_LIMIT
