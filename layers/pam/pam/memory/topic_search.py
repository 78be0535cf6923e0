"""What a search for a topic finds: the texts that have all its words, in any form.

Postgres finds words between spaces. A word of a script without spaces is found wherever it stands in a text.
"""

from collections.abc import Mapping

from pam.memory.word_index import words_apart
from pam.memory.words import is_unspaced
from pam.platform.errors import INVALID_TEXT, PamError
from pam.platform.postgres import Connection


def topic_values(topic: str) -> Mapping[str, object]:
    """Return the parameters of `has_topic`."""
    terms = topic.split()
    return {
        "words": " ".join(term for term in terms if not is_unspaced(term)),
        "parts": [term.lower() for term in terms if is_unspaced(term)],
    }


_TOPIC = f"plainto_tsquery('english', {words_apart('%(words)s')})"


def has_topic(text: str) -> str:
    """Return the condition in SQL that a text has the topic."""
    return f"""
        ((numnode({_TOPIC}) = 0 or to_tsvector('english', {words_apart(text)}) @@ {_TOPIC})
         and not exists (select from unnest(%(parts)s::text[]) part where strpos(lower({text}), part) = 0))"""


_COUNT_LEXEMES = f"select numnode({_TOPIC}) as terms"


def check_topic(connection: Connection, topic: str, field: str = "topic") -> None:
    """Raise `PamError` (`invalid_text`) for a text without a word that can be searched for."""
    values = topic_values(topic)
    row = connection.execute(_COUNT_LEXEMES, values).fetchone()
    if not values["parts"] and (row is None or not row["terms"]):
        raise PamError(INVALID_TEXT, "PAM needs a word to look for, such as “water pump”.", field=field)
