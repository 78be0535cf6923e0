"""``python -m pam.routing.compile``: compiles the templates in this directory to automaton.json."""

import sys

from pam.routing.compiler import AUTOMATON_PATH, render_automaton
from pam.routing.grammar import GRAMMAR_DIR
from pam.routing.templates import TemplateError


def main() -> int:
    """Write automaton.json; return 1 and print the error to stderr if a template is invalid."""
    try:
        AUTOMATON_PATH.write_text(render_automaton(GRAMMAR_DIR), encoding="utf-8", newline="\n")
    except TemplateError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
