"""``python -m pam.routing``: one sentence a line in, one JSON object a line out."""

import json
import sys

from pam.routing.interpreter import route


def main() -> None:
    """Answers and flushes line by line, to sit in a pipe. Bytes that aren't UTF-8 are replaced."""
    for line in sys.stdin.buffer:
        found = route(line.decode("utf-8", "replace").rstrip("\r\n"))
        print(json.dumps({"tier": found.tier, "intent": found.intent, "slots": found.slots}), flush=True)


if __name__ == "__main__":
    main()
