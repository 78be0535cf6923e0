"""The messages of a turn in Postgres, while others write or delete."""

import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg

from pam.chat.turn.conversation import read_conversation
from pam.chat.turn.transcript import Transcript
from pam.platform.deadline import Deadline
from pam.platform.postgres import Database


def wait_for_lock(owner: psycopg.Connection) -> None:
    """Wait until a statement waits for the lock on the user's row."""
    waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%memory_deletions%'"
    end = time.monotonic() + 10
    while owner.execute(waiting).fetchone() is None:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_message_added_during_a_save_is_stored_after_a_deletion(database: Database, owner: psycopg.Connection) -> None:
    """A save counts what it has stored itself: a turn that seems to lack a message counts as deleted."""
    user, began = uuid.uuid4(), datetime.now(UTC)
    question: Future[str] = Future()
    question.set_result("Which pump do we have?")
    conversation = read_conversation(database, [], user, uuid.uuid4(), None, began, Deadline(5), question)
    transcript = Transcript(database, user, conversation, uuid.uuid4(), began)
    transcript.add({"role": "user", "content": [{"type": "text", "text": "Which pump do we have?"}]})
    with ThreadPoolExecutor(1) as pool:
        with owner.transaction():
            owner.execute("select id from users where id = %s for update", (user,))
            save = pool.submit(transcript.save, Deadline(5))
            with psycopg.connect(owner.info.dsn, password=owner.info.password, autocommit=True) as other:
                wait_for_lock(other)
            transcript.add({"role": "assistant", "content": [{"type": "text", "text": "A Shurflo."}]}, tokens=10)
        save.result()
    owner.execute("insert into memory_deletions (user_id, deleted_at) values (%s, clock_timestamp())", (user,))
    transcript.save(Deadline(5))
    stored = owner.execute("select role from messages where user_id = %s order by position", (user,)).fetchall()
    assert [role for (role,) in stored] == ["user", "assistant"]
