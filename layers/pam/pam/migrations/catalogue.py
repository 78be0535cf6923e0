"""The catalogue: what a schema consists of, as a definition in text for each of its objects."""

import json
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from pam.migrations.catalogue_queries import QUERIES
from pam.migrations.files import MigrationError

CATALOGUE_FILE = "catalogue.json"
"""Beside the migrations: the catalogue of a database that has all of them."""

Catalogue = dict[str, str]
"""Definitions by name, such as `column users.name`: `text not null default ''::text`."""


def read_catalogue(connection: psycopg.Connection[Any]) -> Catalogue:
    """Return the catalogue of a database, sorted by name. What is changed meanwhile may be in it or not."""
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        # Whatever isn't built in is named with its schema, whoever asks.
        cursor.execute("set local search_path = ''")
        found: Catalogue = {}
        for query in QUERIES:
            cursor.execute(query)
            found.update(cursor.fetchall())
    return dict(sorted(found.items()))


def read_expected(directory: Path) -> Catalogue:
    """Return the catalogue that is kept with the migrations. Raises `MigrationError` if there is none."""
    path = directory / CATALOGUE_FILE
    if not path.is_file():
        raise MigrationError(f"{path} is missing: `make schema` writes it.")
    expected: Catalogue = json.loads(path.read_text("utf-8"))
    return expected


def render_catalogue(catalogue: Catalogue) -> str:
    """Return the content of the file, an object a line."""
    return json.dumps(catalogue, indent=0, ensure_ascii=False) + "\n"
