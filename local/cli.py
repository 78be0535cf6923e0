"""`pam ask "..."` asks a running PAM as the demo traveller; `pam costs` and `pam feedback` are for operators."""

import argparse
import json
import os
import shlex
import sys
import time
import uuid
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx

from local import operator_reports
from local.chat_client import open_chat
from local.operator_reports import UnreachableError
from monitoring.operator import DatabaseDownError, ReportError, parse_month

STATE = Path(__file__).resolve().parent.parent / ".local" / "stack.json"

ANSWERED, REFUSED, WRONG_USAGE, UNREACHABLE, NO_DATA = range(5)
"""Exit codes."""


def main() -> None:
    """Run the console script. Exits with 0 answered, 1 refused, 2 wrong usage, 3 unreachable, 4 nothing to report."""
    parser = argparse.ArgumentParser(prog="pam", description="Asks a running PAM, and reports on it.")
    commands = parser.add_subparsers(required=True, metavar="ask | costs | feedback", dest="command")
    ask = commands.add_parser("ask", help="ask a question")
    ask.add_argument("text", help='for example "How much did I spend on gas this month?"')
    ask.add_argument("--json", action="store_true", help="print the response body as one line of JSON")
    ask.add_argument("--base-url", help="URL of PAM (default: the one that `make run` started)")
    for name, purpose in (
        ("costs", "print what a month's questions cost, and what they would have cost otherwise"),
        ("feedback", "print what travellers say, and the answers that they call wrong"),
    ):
        command = commands.add_parser(name, help=purpose)
        command.add_argument("--json", action="store_true", help="print one line of JSON")
        command.add_argument("--base-url", help="URL of a local PAM (default: the one that `make run` started)")
        command.add_argument("--database", help="conninfo of the owner of a stage's tables, in place of a local PAM")
        if name == "costs":
            command.add_argument("--month", type=_month, help="UTC month such as 2026-11 (default: the current one)")
    options = parser.parse_args()
    try:
        if options.command != "ask":
            month = getattr(options, "month", None)
            source = operator_reports.ReportSource(options.database, options.base_url or _running_url, month)
            has_data = operator_reports.run(options.command, source, as_json=options.json)
            sys.exit(ANSWERED if has_data else NO_DATA)
        sys.exit(run(options.text, options.base_url or _running_url(), as_json=options.json))
    except ReportError as error:
        print(error, file=sys.stderr)
        sys.exit(UNREACHABLE if isinstance(error, DatabaseDownError) else REFUSED)
    except (UnreachableError, httpx.HTTPError, httpx.InvalidURL) as error:
        print(f"No PAM is reachable ({error}). Start one with `make run`.", file=sys.stderr)
        sys.exit(UNREACHABLE)


def run(text: str, base_url: str, *, as_json: bool) -> int:
    """Ask, print the answer and return the exit code. Raises httpx.HTTPError if PAM isn't reachable."""
    base_url = base_url.rstrip("/")
    with httpx.Client(timeout=35, trust_env=False) as http:
        issuer = http.get(f"{base_url}/config.json").raise_for_status().json()
        form = {"grant_type": "client_credentials", "client_id": issuer["client_id"]}
        token = http.post(f"{issuer['issuer']}/token", data=form).raise_for_status().json()["access_token"]
        began = time.perf_counter()
        response = http.post(
            f"{base_url}/v1/ask",
            json={"text": text, "timezone": _time_zone()},
            headers={"authorization": f"Bearer {token}", "idempotency-key": str(uuid.uuid4())},
        )
        milliseconds = (time.perf_counter() - began) * 1000
    body: dict[str, Any] = response.json()
    if response.is_success and body["tier"] == 3:
        return converse(text, base_url, token, as_json=as_json)
    if as_json:
        print(json.dumps(body))
    elif response.is_success:
        print(body["text"])
        print(f"tier {body['tier']} · {body['source']} · as of {body['as_of']} · {milliseconds:.0f} ms")
    else:
        print(body.get("message", f"HTTP {response.status_code}"), file=sys.stderr)
        for choice in body.get("choices", ()):
            print(f"  pam ask {shlex.quote(choice['value'])}", file=sys.stderr)
    return ANSWERED if response.is_success else REFUSED


def converse(text: str, base_url: str, token: str, *, as_json: bool) -> int:
    """Ask Claude over a WebSocket and print the answer as it arrives; tools and errors go to standard error.

    Returns the exit code. Raises httpx.HTTPError if no ticket is issued.
    """
    last: dict[str, Any] = {}
    with open_chat(base_url, token) as client:
        for timed in client.stream(text, timezone=_time_zone()):
            last = timed.frame
            if as_json:
                continue
            if last["type"] == "delta":
                print(last["text"], end="", flush=True)
            elif last["type"] == "tool":
                print(f"[{last['state']}: {last['summary']}]", file=sys.stderr)
            elif last["type"] == "confirm_request":
                print("[This needs a confirmation, which the page can give.]", file=sys.stderr)
    if as_json:
        print(json.dumps(last))
    elif last["type"] == "error":
        print(last["message"], file=sys.stderr)
    else:
        facts = [*last["sources"], f"${last['cost_usd'] or 0}", f"{last['latency_ms']['total']} ms"]
        print(f"\ntier {last['tier']} · " + " · ".join(facts))
    return ANSWERED if last["type"] == "done" else REFUSED


def _month(text: str) -> str:
    try:
        parse_month(text)
    except ReportError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _running_url() -> str:
    try:
        url: str = json.loads(STATE.read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError, KeyError) as error:
        raise UnreachableError("none is running from this checkout") from error
    return url


def _time_zone() -> str:
    """Return the IANA name of the machine's time zone, or UTC if it has none."""
    name = os.environ.get("TZ") or str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2]
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return "UTC"
