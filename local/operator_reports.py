"""`pam costs` and `pam feedback`: reports for operators, of a local PAM or of a stage's database."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg

from monitoring.operator import read_costs, read_feedback

_READERS = {"costs": read_costs, "feedback": read_feedback}


class UnreachableError(Exception):
    """No PAM is running."""


@dataclass(frozen=True)
class ReportSource:
    """Where a report is read: in a database by the conninfo of its tables' owner, else of a local PAM at its URL."""

    database: str | None
    url: str | Callable[[], str]


def run(name: str, source: ReportSource, *, as_json: bool) -> int:
    """Print a report and return the exit code. Raises httpx.HTTPError or UnreachableError where nothing is reached."""
    if source.database:
        report = _read_database(name, source.database)
    else:
        report = _read_local(name, source.url if isinstance(source.url, str) else source.url())
    if as_json:
        print(json.dumps(report))
    else:
        print("\n".join(_cost_lines(report) if name == "costs" else _feedback_lines(report)))
    return 0


def _read_database(name: str, database: str) -> dict[str, Any]:
    try:
        return _READERS[name](database, datetime.now(UTC))
    except psycopg.OperationalError as error:
        raise UnreachableError(str(error).strip()) from error


def _read_local(name: str, base_url: str) -> dict[str, Any]:
    with httpx.Client(timeout=35, trust_env=False) as http:
        report: dict[str, Any] = http.get(f"{base_url.rstrip('/')}/{name}.json").raise_for_status().json()
    return report


def _cost_lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"{report['questions']} questions since {report['since'][:10]} cost ${report['total']}"
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
    for answer in report["answers"]:
        yield f"  {answer['judged_at'][:19]}  turn {answer['turn_id']}  tier {answer['tier']}  {answer['model']}"
        yield f"    asked:    {answer['question'] or '(deleted)'}"
        yield f"    answered: {answer['answer'] or '(deleted)'}"
