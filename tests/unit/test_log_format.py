"""Exceptions in log lines: what kind of error it was and where, without any text of its input."""

import io
import json
import logging
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError

from pam.platform.errors import DATABASE_UNAVAILABLE, PamError
from pam.platform.log_format import LogFormatter, describe_exception

MARKER = "secret-marker"


def logged(error: BaseException) -> dict[str, Any]:
    """Return the line of an exception that was raised."""
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(LogFormatter())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    try:
        raise error
    except BaseException:
        logger.exception("failed")
    line: dict[str, Any] = json.loads(output.getvalue())
    assert MARKER not in output.getvalue()
    return line


def with_cause(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "described"),
    [
        (ValueError(MARKER), "builtins.ValueError"),
        (psycopg.errors.CheckViolation(f"x\nDETAIL: ({MARKER})."), "psycopg.errors.CheckViolation (sqlstate=23514)"),
        (PamError(DATABASE_UNAVAILABLE, MARKER), "pam.platform.errors.PamError (code=database_unavailable)"),
        (
            ClientError({"Error": {"Code": "Throttled", "Message": MARKER}}, MARKER),
            "botocore.exceptions.ClientError (service_code=Throttled)",
        ),
        (with_cause(OSError(2, MARKER, MARKER), KeyError(MARKER)), "builtins.FileNotFoundError (errno=2)"),
    ],
)  # fmt: skip
def test_exception_is_logged_without_its_message(error: BaseException, described: str) -> None:
    """With its class and codes, those of its causes, and the stack."""
    line = logged(error)
    assert line["exception"].splitlines()[-1] == described
    assert f'File "{__file__}"' in line["exception"] and "in logged" in line["exception"]
    assert "stack_trace" not in line and line["exception_name"] == type(error).__name__


def test_notes_and_invented_codes_are_left_out() -> None:
    """A note is free text, and so may be an attribute of a foreign exception."""
    error = ValueError("x")
    error.add_note(MARKER)
    error.kind = f"{MARKER} with spaces"  # type: ignore[attr-defined]
    assert not logged(error).get("exception_notes")


def test_causes_are_before_their_effects_and_bounded() -> None:
    """As in Python's traceback; the context of a `raise … from None` is left out."""
    error: BaseException = ValueError("0")
    for _ in range(20):
        error = with_cause(KeyError("x"), error)
    assert describe_exception(error).count("KeyError") == 5
    first = with_cause(RuntimeError("x"), LookupError("x"))
    assert describe_exception(first) == "builtins.LookupError\n\nbuiltins.RuntimeError"
