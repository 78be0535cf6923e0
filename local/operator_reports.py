"""`pam costs` and `pam feedback`: reports for operators, of a local PAM or of a stage's database."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import httpx

from monitoring.operator import DatabaseDownError, ReportError, parse_month, read_costs, read_feedback


class UnreachableError(Exception):
    """No PAM is running."""


@dataclass(frozen=True)
class ReportSource:
    """Where a report is read: in a database by the conninfo of its tables' owner, else of a local PAM at its URL.

    `month` is for costs, such as `2026-11`; None is the current one (UTC).
    """

    database: str | None
    url: str | Callable[[], str]
    month: str | None = None


def run(name: str, source: ReportSource, *, as_json: bool) -> bool:
    """Print a report; return whether there is anything in it.

    Raises ReportError for a report that can't be read, httpx.HTTPError or UnreachableError where there is no PAM.
    """
    report = _read_database(name, source) if source.database else _read_local(name, source)
    has_data = bool(_has_costs(report) if name == "costs" else _has_feedback(report))
    if as_json:
        print(json.dumps(report))
    elif name == "costs":
        print("\n".join(_cost_lines(report)) if has_data else f"Nobody asked anything in {report['since'][:7]} (UTC).")
    else:
        print("\n".join(_feedback_lines(report)) if has_data else _no_feedback(report))
    return has_data


def _read_database(name: str, source: ReportSource) -> dict[str, Any]:
    assert source.database
    now = datetime.now(UTC)
    if name == "feedback":
        return read_feedback(source.database, now)
    return read_costs(source.database, parse_month(source.month) if source.month else now)


def _read_local(name: str, source: ReportSource) -> dict[str, Any]:
    base_url = source.url if isinstance(source.url, str) else source.url()
    with httpx.Client(timeout=35, trust_env=False) as http:
        parameters = {"month": source.month} if source.month else {}
        response = http.get(f"{base_url.rstrip('/')}/{name}.json", params=parameters)
    try:
        body = response.json()
    except ValueError:
        body = None
    message = body.get("message") if isinstance(body, dict) else None
    if message and response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        raise DatabaseDownError(message)
    if message and response.status_code == HTTPStatus.BAD_REQUEST:
        raise ReportError(message)
    response.raise_for_status()
    if not isinstance(body, dict) or "since" not in body:
        raise UnreachableError(f"what answers at {base_url} isn't PAM")
    return body


def _has_costs(report: Mapping[str, Any]) -> bool:
    return bool(report["questions"] or report["by_tier"])


def _has_feedback(report: Mapping[str, Any]) -> bool:
    return bool(report["answers"]) or any(each is not None for each in report["figures"].values())


def _no_feedback(report: Mapping[str, Any]) -> str:
    return f"There is nothing to judge by since {report['since'][:10]}: no answers, and none that were called wrong."


def _cost_lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"${report['total']} since {report['since'][:10]}, for {report['questions']} answered questions"
    for title in ("by_model", "by_tier", "by_user"):
        yield f"{title.replace('_', ' ')}:"
        yield from (f"  {name}  ${dollars}" for name, dollars in report[title].items())
    yield "the same questions would have cost:"
    without_tiers = report["without_tiers"]
    yield f"  without tiers    {f'${without_tiers}' if without_tiers else 'unknown: Claude has answered nothing'}"
    yield f"  without caching  ${report['without_caching']}"
    yield f"  on the baseline  ${report['baseline']}"


def _feedback_lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"since {report['since'][:10]}:"
    for name, percent in report["figures"].items():
        yield f"  {name.replace('_', ' '):20} {'nothing to judge by' if percent is None else f'{percent:.1f} %'}"
    yield "answers called wrong:"
    if not report["answers"]:
        yield "  none"
    for answer in report["answers"]:
        yield f"  {answer['judged_at'][:19]}  turn {answer['turn_id']}  tier {answer['tier']}  {answer['model']}"
        yield f"    asked:    {answer['question'] or '(deleted)'}"
        yield f"    answered: {answer['answer'] or '(deleted)'}"
