"""`python -m pam.safety.screen`: screen messages, a JSON string on each line of standard input.

Prints `{"flagged", "score", "reasons", "strict"}` for each.
"""

import json
import sys

from pam.safety.screen import screen


def main() -> int:
    """Screen each line; return 2 after a line that isn't a JSON string."""
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        try:
            text = json.loads(line)
        except ValueError:
            text = None
        if not isinstance(text, str):
            print(f"line {number} isn't a JSON string", file=sys.stderr)
            return 2
        print(json.dumps(vars(screen(text))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
