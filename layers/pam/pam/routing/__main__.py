"""``python -m pam.routing``: reads one sentence per line and writes one JSON object per line."""

import json
import sys

from pam.routing.interpreter import route


def main() -> None:
    """Write and flush the tier, intent and slots of each line of stdin. Invalid UTF-8 is replaced."""
    for line in sys.stdin.buffer:
        found = route(line.decode("utf-8", "replace").rstrip("\r\n"))
        print(json.dumps({"tier": found.tier, "intent": found.intent, "slots": found.slots}), flush=True)


if __name__ == "__main__":
    main()
