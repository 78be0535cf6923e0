"""The migration that moves the sources of facts into a table of their own, and back."""

import uuid

import psycopg

from pam.migrations.runner import Runner
from tests.conftest import CHECKOUT

_FACT = """
insert into facts (user_id, subject, value, standing, valid_from, last_stated_at, source_turn_ids, confidence,
                   recorded_by)
values (%s, 'vehicle', 'van', false, '2026-04-01Z', '2026-04-09Z', %s, 1, 'summary') returning id
"""
_EXCHANGE = """
insert into exchanges (user_id, conversation_id, turn_id, role, passage, content, sent_at, words, length)
values (%s, %s, %s, 'user', 0, 'A van.', '2026-04-02Z', '', 0)
"""


def test_sources_keep_the_time_of_their_message(empty_database: str) -> None:
    """A source whose message isn't stored has the time of the fact's last statement. Both ways lose none."""
    runner = Runner(empty_database, CHECKOUT / "migrations")
    runner.up()
    runner.down(to=20, lose_data=True)
    user, conversation, stored, unknown = (uuid.uuid4() for _ in range(4))
    with psycopg.connect(empty_database, autocommit=True) as owner:
        owner.execute("insert into users (id) values (%s)", (user,))
        owner.execute("insert into conversations (id, user_id, profile) values (%s, %s, '')", (conversation, user))
        owner.execute(_EXCHANGE, (user, conversation, stored))
        owner.execute(_FACT, (user, [stored, unknown]))
        runner.up()
        sources = "select turn_id, stated_at::date::text from fact_sources where user_id = %s order by stated_at"
        assert owner.execute(sources, (user,)).fetchall() == [(stored, "2026-04-02"), (unknown, "2026-04-09")]
        runner.down(to=20, lose_data=True)
        kept = owner.execute("select source_turn_ids from facts where user_id = %s", (user,)).fetchone()
        assert kept == ([unknown, stored],)
        forced = "select relforcerowsecurity from pg_class where relname in ('facts', 'exchanges')"
        assert owner.execute(forced).fetchall() == [(True,), (True,)]
