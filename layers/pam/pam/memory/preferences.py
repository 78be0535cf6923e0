"""Standing preferences: facts that every prompt has, as far as they fit into their share of it."""

from uuid import UUID

from psycopg import Cursor

from pam.memory.facts import Fact, fact_from_row, send_standing_query
from pam.platform.envelope import CHARS_PER_TOKEN, prompt_length
from pam.platform.postgres import Connection, Row

MAX_TOKENS = 300

_MAX_PREFERENCES = 40


def send_preferences_query(connection: Connection, user_id: UUID) -> Cursor[Row]:
    """Send the query of the standing preferences; `fetch_preferences` returns its result."""
    return send_standing_query(connection, user_id, _MAX_PREFERENCES)


def fetch_preferences(cursor: Cursor[Row]) -> list[Fact]:
    """Return the preferences that fit into every prompt: the traveller's own words first, then the newest."""
    left, fitting = MAX_TOKENS * CHARS_PER_TOKEN, []
    for fact in map(fact_from_row, cursor.fetchall()):
        left -= prompt_length(preference_line(fact))
        if left < 0:
            break
        fitting.append(fact)
    return fitting


def preference_line(fact: Fact) -> str:
    """Return a preference as the prompt has it."""
    return f"{fact.subject}: {fact.value}"
