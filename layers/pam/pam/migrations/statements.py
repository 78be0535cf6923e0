"""Splits SQL into its statements, as Postgres does: for timings, and to name the one that failed.

docs/decisions/0044-migration-runner.md says why no package does it; a test compares it with Postgres's own parser.
"""

import re

# What can contain a semicolon that ends no statement, and what opens it. A word is one token, so that the dollars in
# `a$b$c` open nothing.
_TOKEN = re.compile(
    r"""
      (?P<comment> --[^\r\n]* )
    | (?P<block> /\* )
    | (?P<quoted> [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" )
    | (?P<dollar> \$(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?\$ )
    | (?P<word> [A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]* )
    | (?P<other> \S )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def split_statements(sql: str) -> list[str]:
    """Return the statements without their semicolons; a comment before or after a statement is no part of it."""
    statements: list[str] = []
    start: int | None = None
    end = position = parentheses = blocks = 0
    previous = ""
    while token := _TOKEN.search(sql, position):
        position = token.end()
        if token.lastgroup == "comment":
            continue
        if token.lastgroup == "block":
            position = _end_of_comment(sql, position)
            continue
        text = token.group().lower() if token.lastgroup == "word" else token.group()
        if text == ";" and not parentheses and not blocks:
            if start is not None:
                statements.append(sql[start:end])
            start, previous = None, ""
            continue
        start = token.start() if start is None else start
        if token.lastgroup == "dollar":
            closing = sql.find(token.group(), position)
            position = len(sql) if closing < 0 else closing + len(token.group())
        parentheses = max(0, parentheses + {"(": 1, ")": -1}.get(text, 0))
        blocks = _depth(blocks, previous, text) if token.lastgroup == "word" else blocks
        previous, end = text, position
    return statements if start is None else [*statements, sql[start:end]]


def _end_of_comment(sql: str, position: int) -> int:
    """Return where the comment ends that was opened before `position`: comments nest."""
    depth = 1
    while depth:
        edge = _COMMENT_EDGE.search(sql, position)
        if edge is None:
            return len(sql)
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position


def _depth(blocks: int, previous: str, word: str) -> int:
    """Return how many bodies (`begin atomic`) and `case` expressions in them are open after `word`."""
    if not blocks:
        return int(previous == "begin" and word == "atomic")
    return blocks + {"case": 1, "end": -1}.get(word, 0)
