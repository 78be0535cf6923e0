"""What answers are made with: one database, one cache, one ledger of writes, one clock."""

from dataclasses import dataclass
from functools import cache

from snapshot_restore_py import register_before_snapshot

from pam.answers.private_cache import PrivateCache
from pam.platform import aws
from pam.platform.clock import Clock, utc_now
from pam.platform.idempotency import Once
from pam.platform.postgres import Database
from pam.platform.settings import Settings, read_environment


@dataclass(frozen=True)
class Parts:
    """Put together once for each Lambda environment, and by tests with their own clock."""

    database: Database
    cache: PrivateCache
    once: Once
    clock: Clock

    @classmethod
    def from_settings(cls, settings: Settings, clock: Clock = utc_now) -> "Parts":
        """Makes clients, opens no connection: a snapshot of the environment holds none."""
        dynamodb = aws.client("dynamodb")
        secrets = aws.client("secretsmanager")
        return cls(
            database=Database(lambda: secrets.get_secret_value(SecretId=settings.database_secret)["SecretString"]),
            cache=PrivateCache(dynamodb, settings.answers_table, clock),
            once=Once(dynamodb, settings.idempotency_table),
            clock=clock,
        )


@cache
def parts() -> Parts:
    """The parts of this environment, from its settings."""
    return Parts.from_settings(read_environment(Settings))


# With SnapStart the clients are made once, at deployment: the snapshot that environments begin as has them.
register_before_snapshot(parts)
