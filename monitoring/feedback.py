"""What travellers say of PAM's answers: the three figures that only they can give, and the answers that were wrong."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pam.platform.dimensions import TURN_ANSWERED, FeedbackVerdict, Tier

if TYPE_CHECKING:
    import psycopg

REPEATED_WITHIN = "7 days"
MAX_DISTANCE = 0.2
"""The cosine distance between the vectors of two questions up to which they ask the same, in most cases.

A question's vector also has what was said directly before it, so one that begins another conversation is compared best.
"""

# Verdicts and answers are of the same turns, also where a verdict was given later.
_SELECT_VERDICTS = """
select count(*) filter (where f.verdict = %(forgot)s and t.tier = %(chat)s) as forgot,
       count(*) filter (where f.verdict is not null and t.tier = %(chat)s) as judged,
       count(*) filter (where f.verdict = %(slow)s) as slow,
       count(*) as answers
  from turns t left join feedback f on f.user_id = t.user_id and f.turn_id = t.id
 where t.created_at >= %(since)s and t.ended = %(answered)s
"""
# Only questions with a vector can be compared; a model's vectors only with its own.
_SELECT_REPEATED = """
with questions as (
    select user_id, turn_id, sent_at, embedding, embedding_model from exchanges
     where role = 'user' and passage = 0 and embedding is not null and sent_at >= %(since)s
)
select count(*) as questions,
       count(*) filter (where exists (
           select from exchanges before
            where before.user_id = q.user_id and before.role = 'user' and before.passage = 0
              and before.turn_id <> q.turn_id and before.sent_at < q.sent_at
              and before.sent_at >= q.sent_at - %(within)s::interval
              and before.embedding_model = q.embedding_model
              and (before.embedding <=> q.embedding) <= %(distance)s)) as repeated
  from questions q
"""
_SELECT_WRONG = """
select f.created_at, f.turn_id, f.tier, t.conversation_id, t.model,
       (select string_agg(x.content, ' ' order by x.passage) from exchanges x
         where x.user_id = f.user_id and x.turn_id = f.turn_id and x.role = 'user') as question,
       (select string_agg(x.content, ' ' order by x.passage) from exchanges x
         where x.user_id = f.user_id and x.turn_id = f.turn_id and x.role = 'assistant') as answer
  from feedback f join turns t on t.user_id = f.user_id and t.id = f.turn_id
 where f.verdict = %(verdict)s order by f.created_at desc limit %(limit)s
"""


@dataclass(frozen=True)
class UserMetrics:
    """Percentages; None where there is nothing to compute one of."""

    recall_accuracy: float | None
    """Of Claude's judged answers: how many did not forget."""
    repeated_questions: float | None
    """Of questions: how many the same traveller has asked within the week before."""
    slow_complaints: float | None
    """Of answers: how many were called slow."""

    def as_json(self) -> dict[str, float | None]:
        """Return the figures by name."""
        return asdict(self)


@dataclass(frozen=True)
class JudgedAnswer:
    """An answer with its turn. The texts are None where the traveller has deleted them."""

    judged_at: datetime
    turn_id: str
    tier: int
    conversation_id: str
    model: str
    question: str | None
    answer: str | None


def read_user_metrics(connection: "psycopg.Connection[Any]", since: datetime) -> UserMetrics:
    """Return the figures of all users by their turns since then, as the owner of the tables."""
    scope = {"since": since, "within": REPEATED_WITHIN, "distance": MAX_DISTANCE}
    scope |= {
        "answered": TURN_ANSWERED,
        "chat": Tier.CHAT,
        "forgot": FeedbackVerdict.FORGOT,
        "slow": FeedbackVerdict.SLOW,
    }
    forgot, judged, slow, answers = _row(connection, _SELECT_VERDICTS, scope)
    questions, repeated = _row(connection, _SELECT_REPEATED, scope)
    return UserMetrics(_percent(judged - forgot, judged), _percent(repeated, questions), _percent(slow, answers))


def read_judged_answers(
    connection: "psycopg.Connection[Any]", verdict: FeedbackVerdict, limit: int
) -> list[JudgedAnswer]:
    """Return the newest answers with this verdict, as the owner of the tables."""
    rows = connection.execute(_SELECT_WRONG, {"verdict": verdict, "limit": limit}).fetchall()
    return [JudgedAnswer(row[0], str(row[1]), row[2], str(row[3]), row[4], row[5], row[6]) for row in rows]


def _row(connection: "psycopg.Connection[Any]", query: str, scope: dict[str, Any]) -> tuple[int, ...]:
    row = connection.execute(query.encode(), scope).fetchone()
    assert row is not None
    return tuple(row)


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
