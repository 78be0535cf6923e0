"""Costs and feedback as operators see them, read as the owner of the tables: by `pam`, and on the local dashboard."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from monitoring.costs import month_of, read_usage, report_costs
from monitoring.feedback import read_judged_answers, read_user_metrics
from pam.platform.dimensions import FeedbackVerdict

FEEDBACK_WINDOW = timedelta(days=30)

MAX_ANSWERS = 50


class ReportError(Exception):
    """A report can't be read; the message is a sentence for the operator."""


class DatabaseDownError(ReportError):
    """The database isn't reached, or breaks the connection."""


def parse_month(text: str) -> datetime:
    """Return the beginning of a UTC month such as `2026-11`. Raises ReportError."""
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}", text):
            raise ValueError
        month = datetime(int(text[:4]), int(text[5:]), 1, tzinfo=UTC)
        month_of(month)
    except ValueError:
        raise ReportError(f"{text!r} is no month. Write it as 2026-11.") from None
    return month


def read_costs(owner: str, month: datetime) -> dict[str, Any]:
    """Return the report of the month around an instant as JSON values. `owner` is a conninfo. Raises ReportError."""
    since, until = month_of(month)
    with _connection(owner) as connection:
        report = report_costs(read_usage(connection, since, until))
    return {"since": since.isoformat(), "until": until.isoformat()} | report.as_json()


def read_feedback(owner: str, now: datetime, verdict: FeedbackVerdict = FeedbackVerdict.WRONG) -> dict[str, Any]:
    """Return the figures of the last thirty days, and the newest answers with a verdict, as JSON values.

    Raises ReportError.
    """
    since = now - FEEDBACK_WINDOW
    with _connection(owner) as connection:
        figures = read_user_metrics(connection, since)
        answers = read_judged_answers(connection, verdict, MAX_ANSWERS)
    listed = [vars(each) | {"judged_at": each.judged_at.isoformat()} for each in answers]
    return {"since": since.isoformat(), "figures": figures.as_json(), "answers": listed}


@contextmanager
def _connection(owner: str) -> "Iterator[psycopg.Connection[Any]]":
    try:
        with psycopg.connect(owner, connect_timeout=10) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise DatabaseDownError(f"The database can't be reached: {_sentence(error)}") from error
    except psycopg.errors.UndefinedTable as error:
        raise ReportError("This database has no tables of PAM: migrate it, or name another one.") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise ReportError("This user may not read PAM's tables: connect as their owner.") from error
    except psycopg.Error as error:
        raise ReportError(f"The report can't be read: {_sentence(error)}") from error


def _sentence(error: Exception) -> str:
    """Return the first line of an error of Postgres's, as the end of a sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".") + "."
