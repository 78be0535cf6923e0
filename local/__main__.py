"""`python -m local`: start PAM on this machine, print its URL, and end everything on Ctrl-C."""

import argparse
import contextlib
import json
import os
import re
import signal
import sys
import time
from pathlib import Path
from urllib.parse import quote

from local import demo
from local.gateway.http_gateway import AccessLogEntry
from local.stack import CHECKOUT, LocalStack, PortTakenError, StackError

PORT = 8123
MAX_PORT = 65_535


def main(state: Path = CHECKOUT / ".local") -> int:
    """Returns the exit code: 0 after Ctrl-C, SIGTERM or a closed terminal, 1 when the stack doesn't start."""
    parser = argparse.ArgumentParser(prog="python -m local", description="PAM on this machine.")
    parser.add_argument("--port", type=_port, default=PORT, help=f"where to serve (default {PORT})")
    parser.add_argument("--sign-in", action="store_true", help="sign in as on a stage, with the issuer's page")
    arguments = parser.parse_args()
    port: int = arguments.port
    _handle_signals()
    try:
        try:
            run(state, port, requires_sign_in=arguments.sign_in)
        except PortTakenError as error:
            _print(f"{error} Taking another one.")
            run(state, 0, requires_sign_in=arguments.sign_in)
    except KeyboardInterrupt:
        return 0
    except StackError as error:
        print(f"PAM didn't start. {error}", file=sys.stderr)
        return 1
    return 0


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > MAX_PORT:
        raise argparse.ArgumentTypeError(
            f"{text} is no port: give a number from 1 to {MAX_PORT}, or 0 for any free one"
        )
    return int(text)


def run(state: Path, port: int, *, requires_sign_in: bool = False) -> None:
    """Serve until KeyboardInterrupt. Raises StackError, and PortTakenError before anything is started."""
    began = time.perf_counter()
    note = state / "stack.json"
    at_end = contextlib.ExitStack()

    def progress(part: str, seconds: float | None = None) -> None:
        seconds = time.perf_counter() - began if seconds is None else seconds
        _print(f"  {seconds:5.1f} s  {part}")

    def announce(url: str) -> None:
        note.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
        at_end.callback(note.unlink, missing_ok=True)
        _print(f"\nPAM is at {url} (Ctrl-C ends it)\n")

    def load_data(owner: str) -> None:
        if expenses := demo.load(owner):
            progress(f"Demo traveller: a year on the road, {expenses} expenses")

    def report(function: str, failure: str | None) -> None:
        progress(f"Function {function}" if failure is None else f"Function {function} doesn't start. {failure}")

    with (
        at_end,
        LocalStack(
            state,
            port=port,
            keys=os.environ,
            requires_sign_in=requires_sign_in,
            load_data=load_data,
            on_serving=announce,
            on_progress=progress,
            on_request=_log,
        ) as stack,
    ):
        failures = stack.warm(on_warm=report)
        stack.start_schedules()
        progress("Everything is up" if not failures else f"Everything is up but {', '.join(sorted(failures))}")
        try:
            while True:
                signal.pause()
        finally:
            _print("Ending ...")


def _handle_signals() -> None:
    """Have the first signal raise KeyboardInterrupt, and the ones after it ignored.

    SIGINT is ignored on entry in a background job of a shell, where `kill -INT` has to end PAM all the same. SIGHUP is
    ignored on entry under `nohup`, and stays so.
    """
    signals = {signal.SIGINT, signal.SIGTERM}
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signals.add(signal.SIGHUP)

    def interrupt(_number: int, _frame: object) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for each in signals:
        signal.signal(each, interrupt)


def _log(entry: AccessLogEntry) -> None:
    function = entry.function or "-"
    path = quote(entry.path, safe="/$-._~")  # a line feed in it would begin a line of the client's own
    _print(f"{entry.method} {path} {entry.status} {entry.milliseconds:.1f} ms {function}")


def _print(line: str) -> None:
    """Print a line where there is room for it: output that goes to a full disk is lost, and PAM runs on."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
