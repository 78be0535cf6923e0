"""Short forms of statements and errors, for messages."""

_MAX_STATEMENT_CHARS = 60


def shorten(statement: str) -> str:
    """Return the beginning of a statement, in one line."""
    return " ".join(statement.split())[:_MAX_STATEMENT_CHARS]


def first_line(error: Exception) -> str:
    """Return what an error says without the rest, in which Postgres quotes the statement."""
    return (str(error).splitlines() or [""])[0]
