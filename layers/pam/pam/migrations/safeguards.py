"""What a deployment checks: before it migrates that the data can be restored, and then that the code can read it."""

from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from pam.migrations.excerpts import first_line
from pam.migrations.files import MigrationError
from pam.migrations.roles import APP_ROLE

MAX_RESTORE_GAP = timedelta(minutes=15)
"""Aurora can restore to any time but the last five minutes or so; a larger gap means that backups don't work."""

_READABLE = """
select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'm') and n.nspname = 'public' and has_table_privilege(c.oid, 'select')
 order by c.relname
"""


def check_backup(rds: Any, cluster: str, now: datetime) -> datetime:
    """Return to which time the cluster can be restored. Raises `MigrationError` if that is too long ago."""
    [found] = rds.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"]
    latest: datetime | None = found.get("LatestRestorableTime")
    if latest is None or now - latest > MAX_RESTORE_GAP:
        raise MigrationError(
            f"Not migrated: {cluster} can be restored to {latest or 'no time'}, which is not within"
            f" {MAX_RESTORE_GAP.total_seconds() / 60:.0f} minutes. Make a snapshot, and see why backups are behind."
        )
    return latest


def check_app_role(conninfo: str) -> int:
    """Read from every table that the app's role may read, as that role; return their number.

    Postgres checks the grants, the policies and the functions in these, and no row is read. Raises `MigrationError`.
    """
    try:
        with psycopg.connect(conninfo) as connection:
            readable = connection.execute(_READABLE).fetchall()
            for schema, table in readable:
                connection.execute(sql.SQL("select * from {} limit 0").format(sql.Identifier(schema, table)))
    except psycopg.Error as error:
        raise MigrationError(f"The schema is migrated, and {APP_ROLE} can't read it: {first_line(error)}") from error
    return len(readable)
