"""A migration of a table in use makes nobody wait for long: the short form of the benchmark `migration_stall`."""

from bench import migration_stall

MAX_WAIT_MS = 1_000


def test_clients_notice_little_of_a_migration(server: str) -> None:
    """A column with backfill and an index: no statement fails or waits for a second.

    On a busy machine a statement takes longer without a migration, too.
    """
    figures = migration_stall.measure(server, rows=20_000, clients=20, baseline_s=2)
    assert figures["failed"].value == 0
    assert figures["longest_wait_ms"].value < max(MAX_WAIT_MS, 2 * figures["longest_wait_before_ms"].value)
    assert figures["statements"].value > 100
