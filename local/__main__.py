"""`python -m local`: brings PAM up on this machine, prints one URL, and ends everything on Ctrl-C."""

import argparse
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from local import demo
from local.gateway.http_gateway import Access
from local.stack import CHECKOUT, LocalStack, PortTakenError, StackError

PORT = 8123


def main(state: Path = CHECKOUT / ".local") -> int:
    """Returns the exit code: 0 after Ctrl-C, 1 when the stack doesn't come up."""
    parser = argparse.ArgumentParser(prog="python -m local", description="PAM on this machine.")
    parser.add_argument("--port", type=int, default=PORT, help=f"where to serve (default {PORT})")
    port: int = parser.parse_args().port

    ending = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, lambda *_: ending.set())
    try:
        run(state, port, ending)
    except PortTakenError as error:
        print(f"{error} Taking another one.", flush=True)
        try:
            run(state, 0, ending)
        except StackError as failure:
            return _fail(failure)
    except StackError as error:
        return _fail(error)
    return 0


def run(state: Path, port: int, ending: threading.Event) -> None:
    """Serves until `ending` is set. Raises StackError, and PortTakenError before anything is started."""
    began = time.perf_counter()

    def progress(part: str, seconds: float) -> None:
        print(f"  {seconds:5.1f} s  {part}", flush=True)

    with LocalStack(state, port=port, keys=os.environ, on_progress=progress, on_request=_log) as stack:
        expenses = demo.load(stack.postgres.owner)
        if expenses:
            progress(f"Demo traveller: a year on the road, {expenses} expenses", time.perf_counter() - began)
        failures = stack.warm()
        started = sorted(stack.functions.keys() - failures.keys())
        progress(f"Functions: {', '.join(started)}", time.perf_counter() - began)
        for name, failure in failures.items():
            print(f"           {name} doesn't start. {failure}", flush=True)
        note = state / "stack.json"
        note.write_text(json.dumps({"url": stack.url, "pid": os.getpid()}), encoding="utf-8")
        try:
            print(f"\nPAM is at {stack.url} (Ctrl-C ends it)\n", flush=True)
            ending.wait()
            print("Ending ...", flush=True)
        finally:
            note.unlink(missing_ok=True)


def _log(access: Access) -> None:
    function = access.function or "-"
    print(f"{access.method} {access.path} {access.status} {access.milliseconds:.1f} ms {function}", flush=True)


def _fail(error: Exception) -> int:
    print(f"PAM didn't start. {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
