"""What a traveller had deleted, by hashes: what was stated before the deletion doesn't bring it back.

A fact is recognised by its subject, or by its words, since a later summary may call the subject otherwise. A word's
hash has so few bits that several words of any language have it: the row doesn't tell which one was deleted.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from pam.memory.words import distinctive_stems
from pam.platform.postgres import Connection

_MIN_SHARE = 0.5
"""The share of a fact's words that a deleted one has, from which it counts as the same."""
_HASH_BYTES = 2
_MAX_WORDS = 400

_INSERT = """
insert into deleted_facts (user_id, subject_digest, word_digests, deleted_at)
values (%(user)s, %(digest)s, %(words)s, %(now)s)
on conflict (user_id, subject_digest) do update
   set deleted_at = excluded.deleted_at,
       word_digests = (array(select distinct unnest(excluded.word_digests || deleted_facts.word_digests)))[:%(most)s]
"""
_SELECT = """
select subject_digest, word_digests from deleted_facts where user_id = %(user)s and deleted_at >= %(stated_at)s
"""


def record_deleted(connection: Connection, user_id: UUID, subject: str, values: Iterable[str], now: datetime) -> None:
    """Record that a subject was deleted with its values, without their text."""
    words = sorted(_word_digests(user_id, " ".join([subject, *values])))[:_MAX_WORDS]
    row = {"user": user_id, "digest": subject_digest(subject), "words": words, "now": now, "most": _MAX_WORDS}
    connection.execute(_INSERT, row)


def is_deleted(connection: Connection, user_id: UUID, subject: str, value: str, stated_at: datetime) -> bool:
    """Return whether a fact that was stated at an instant was deleted since, under whatever subject."""
    rows = connection.execute(_SELECT, {"user": user_id, "stated_at": stated_at}).fetchall()
    if not rows:
        return False
    digest = subject_digest(subject)
    # A value such as "two" is the same only under the same subject.
    words = _word_digests(user_id, value) or _word_digests(user_id, subject)
    return any(
        row["subject_digest"] == digest or (words and len(words & {*row["word_digests"]}) >= _MIN_SHARE * len(words))
        for row in rows
    )


def subject_digest(subject: str) -> bytes:
    """Return the hash by which a deleted subject is recognised, whatever its case and spaces."""
    return hashlib.sha256(" ".join(subject.casefold().split()).encode()).digest()


def _word_digests(user_id: UUID, text: str) -> set[int]:
    hashes = (hashlib.sha256(user_id.bytes + stem.encode()).digest() for stem in distinctive_stems(text))
    return {int.from_bytes(each[:_HASH_BYTES]) for each in hashes}
