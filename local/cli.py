"""`pam ask "..."`: asks a running PAM as the demo traveller."""

import argparse
import json
import os
import sys
import time
import uuid
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx

STATE = Path(__file__).resolve().parent.parent / ".local" / "stack.json"

ANSWERED, REFUSED, UNREACHABLE = 0, 1, 3
"""Exit codes; 2 is argparse's, for wrong usage."""


class UnreachableError(Exception):
    """There is no PAM to ask."""


def main() -> None:
    """The console script. Exits with 0 answered, 1 refused, 2 wrong usage, 3 nobody there."""
    parser = argparse.ArgumentParser(prog="pam", description="Asks a running PAM as the demo traveller.")
    commands = parser.add_subparsers(required=True, metavar="ask")
    ask = commands.add_parser("ask", help="ask a question")
    ask.add_argument("text", help='for example "How much did I spend on gas this month?"')
    ask.add_argument("--json", action="store_true", help="print the response body as one line of JSON")
    ask.add_argument("--base-url", help="where PAM is (default: the one that `make run` started)")
    options = parser.parse_args()
    try:
        sys.exit(run(options.text, options.base_url or _running(), as_json=options.json))
    except (UnreachableError, httpx.HTTPError, httpx.InvalidURL) as error:
        print(f"No PAM is reachable ({error}). Start one with `make run`.", file=sys.stderr)
        sys.exit(UNREACHABLE)


def run(text: str, base_url: str, *, as_json: bool) -> int:
    """Asks, prints the answer and returns the exit code. Raises httpx.HTTPError where PAM isn't there."""
    base_url = base_url.rstrip("/")
    with httpx.Client(timeout=35, trust_env=False) as http:
        issuer = http.get(f"{base_url}/config.json").raise_for_status().json()
        form = {"grant_type": "client_credentials", "client_id": issuer["client_id"]}
        token = http.post(f"{issuer['issuer']}/token", data=form).raise_for_status().json()["access_token"]
        began = time.perf_counter()
        response = http.post(
            f"{base_url}/v1/ask",
            json={"text": text, "timezone": _zone()},
            headers={"authorization": f"Bearer {token}", "idempotency-key": str(uuid.uuid4())},
        )
        milliseconds = (time.perf_counter() - began) * 1000
    body: dict[str, Any] = response.json()
    if as_json:
        print(json.dumps(body))
    elif response.is_success:
        print(body.get("text") or "That needs a conversation; this command gives fast answers only.")
        facts = [f"tier {body['tier']}", body.get("source"), body.get("as_of") and f"as of {body['as_of']}"]
        print(" · ".join(str(fact) for fact in [*facts, f"{milliseconds:.0f} ms"] if fact))
    else:
        print(body.get("message", f"HTTP {response.status_code}"), file=sys.stderr)
    return ANSWERED if response.is_success else REFUSED


def _running() -> str:
    try:
        url: str = json.loads(STATE.read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError, KeyError) as error:
        raise UnreachableError("none is running from this checkout") from error
    return url


def _zone() -> str:
    """The machine's time zone by its IANA name; UTC where it has none."""
    name = os.environ.get("TZ") or str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2]
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return "UTC"
