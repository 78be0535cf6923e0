"""A file of the expenses, budgets and savings of a window, as CSV or JSON."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from pam.answers.answer import instant
from pam.answers.dependencies import UserDependencies
from pam.answers.downloads import Download, NewFile, format_size, link_sentence, offer_download
from pam.answers.exchange_rates import convert_stored_amounts
from pam.answers.window_text import window_text
from pam.money.budget_report import BudgetReport, ReportQuery, ReportRow, read_budget_report
from pam.platform.deadline import Deadline
from pam.users.csv_file import csv_bytes
from pam.users.formatting import pluralize
from pam.users.profile import read_profile

COLUMNS = (
    "record", "date", "category", "kind", "description", "amount", "currency", "amount_converted",
    "currency_converted", "exchange_rate", "rate_date", "rate_source",
)  # fmt: skip


def make_budget_report(
    dependencies: UserDependencies, user_id: UUID, query: ReportQuery, file_format: str, deadline: Deadline
) -> tuple[BudgetReport, Download]:
    """Store the report of a window as `csv` or `json`, once amounts are converted. Raises `PamError`."""
    convert_stored_amounts(dependencies, user_id, deadline)
    with dependencies.database.session(user_id, deadline) as connection:
        report = read_budget_report(connection, read_profile(connection, user_id), query, dependencies.clock())
    window = report.window
    name = f"pam-budget-{window.start.isoformat()}-to-{(window.end - timedelta(days=1)).isoformat()}.{file_format}"
    if file_format == "csv":
        file = NewFile(name, csv_bytes(COLUMNS, (_fields(row) for row in report.rows)), "text/csv; charset=utf-8")
    else:
        file = NewFile(name, _json_bytes(report), "application/json")
    return report, offer_download(dependencies, report.profile, file)


def report_text(report: BudgetReport, download: Download) -> str:
    """Render what is in a report, and until when its link works."""
    when = window_text(report.window, report.today, report.profile)
    counts = [
        pluralize(report.count("expense", "refund"), "expense"),
        pluralize(report.count("budget"), "budget"),
        pluralize(report.count("saving"), "saving"),
    ]
    made_up = " The data is simulated." if report.profile.simulated else ""
    return (
        f"The report of {when} is ready: {', '.join(counts)}, {format_size(download.size)}.{made_up}"
        f" {link_sentence(download, report.profile)}"
    )


def _fields(row: ReportRow) -> dict[str, Any]:
    conversion = row.conversion
    return {
        "record": row.record,
        "date": row.day.isoformat() if row.day else None,
        "category": row.category,
        "kind": row.kind,
        "description": row.description,
        "amount": str(row.amount),
        "currency": row.currency,
        "amount_converted": str(conversion.convert(row.amount)) if conversion else None,
        "currency_converted": conversion.currency if conversion else None,
        "exchange_rate": str(conversion.rate) if conversion else None,
        "rate_date": conversion.day.isoformat() if conversion else None,
        "rate_source": conversion.source if conversion else None,
    }


def _json_bytes(report: BudgetReport) -> bytes:
    profile, window = report.profile, report.window
    rows = [_fields(row) for row in report.rows]
    body = {
        "source": profile.expenses_source,
        "simulated": profile.simulated,
        "as_of": instant(report.as_of.astimezone(profile.zone)),
        "from": window.start.isoformat(),
        "to": window.end.isoformat(),
        "time_zone": profile.zone.key,
        "currency": profile.currency,
        "expenses": [row for row in rows if row["record"] in ("expense", "refund")],
        "budgets": [row for row in rows if row["record"] == "budget"],
        "savings": [row for row in rows if row["record"] == "saving"],
    }
    return json.dumps(body, ensure_ascii=False, indent=1).encode()
