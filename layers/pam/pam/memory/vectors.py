"""Vectors in Postgres, by the pgvector adapter."""

from collections.abc import Sequence

from pgvector import HalfVector
from pgvector.psycopg.halfvec import register_halfvec_info
from psycopg.types import TypeInfo

from pam.platform.postgres import Connection

DIMENSIONS = 1536


def register_vectors(connection: Connection) -> None:
    """Let a connection send and receive vectors. Asks Postgres once for each connection."""
    if connection.adapters.types.get("halfvec") is None:
        info = TypeInfo.fetch(connection, "halfvec")
        if info is None:
            raise LookupError("this database has no type halfvec")
        register_halfvec_info(connection, info)


def to_vector(values: Sequence[float]) -> HalfVector:
    """Return an embedding as Postgres stores it."""
    return HalfVector(list(values))
