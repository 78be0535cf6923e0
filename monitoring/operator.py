"""Costs and feedback as operators see them, read as the owner of the tables: by `pam`, and on the local dashboard."""

from datetime import datetime, timedelta
from typing import Any

import psycopg

from monitoring.costs import month_of, read_usage, report_costs
from monitoring.feedback import read_judged_answers, read_user_metrics
from pam.platform.dimensions import FeedbackVerdict

FEEDBACK_WINDOW = timedelta(days=30)

MAX_ANSWERS = 50


def read_costs(owner: str, now: datetime) -> dict[str, Any]:
    """Return this month's report as JSON values. `owner` is a conninfo. Raises psycopg's errors."""
    since, until = month_of(now)
    with psycopg.connect(owner) as connection:
        report = report_costs(read_usage(connection, since, until))
    return {"since": since.isoformat(), "until": until.isoformat()} | report.as_json()


def read_feedback(owner: str, now: datetime, verdict: FeedbackVerdict = FeedbackVerdict.WRONG) -> dict[str, Any]:
    """Return the figures of the last thirty days, and the newest answers with a verdict, as JSON values."""
    since = now - FEEDBACK_WINDOW
    with psycopg.connect(owner) as connection:
        figures = read_user_metrics(connection, since)
        answers = read_judged_answers(connection, verdict, MAX_ANSWERS)
    listed = [vars(each) | {"judged_at": each.judged_at.isoformat()} for each in answers]
    return {"since": since.isoformat(), "figures": figures.as_json(), "answers": listed}
