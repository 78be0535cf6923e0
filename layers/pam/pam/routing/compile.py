"""``python -m pam.routing.compile``: the templates beside this file → automaton.json."""

import sys

from pam.routing.compiler import AUTOMATON, build
from pam.routing.grammar import SOURCES
from pam.routing.templates import TemplateError


def main() -> int:
    """Writes automaton.json; 1 with a message on stderr when a template is wrong."""
    try:
        AUTOMATON.write_text(build(SOURCES), encoding="utf-8", newline="\n")
    except TemplateError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
