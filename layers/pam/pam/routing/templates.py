"""Parses sentence templates in hassil's syntax: ``(a|b)``, ``(a;b)``, ``[optional]``, ``{list:slot}``, ``<rule>``."""

import re
from dataclasses import dataclass
from itertools import permutations

_LEXEME = re.compile(
    r"(?P<space>\s+)|(?P<open>[(\[])|(?P<close>[)\]])|(?P<bar>[|;])"
    r"|\{(?P<list>[a-z0-9_]+)(?::(?P<slot>[a-z_]+))?\}|<(?P<rule>[a-z_]+)>|(?P<word>[^\s()\[\]{}<>|;]+)"
)


class TemplateError(ValueError):
    """A template, list or rule can't be compiled; the message names its file and text."""


@dataclass(frozen=True)
class Word:
    """One token in its normalised spelling."""

    text: str


@dataclass(frozen=True)
class ListCall:
    """``{list:slot}``: a match of the list sets the slot. ``{list}`` sets the slot with the list's name."""

    list: str
    slot: str


@dataclass(frozen=True)
class RuleCall:
    """``<rule>``: the text of the rule is inserted here."""

    rule: str


@dataclass(frozen=True)
class Sequence:
    """Nodes one after another; an optional group has the empty sequence as an alternative."""

    items: tuple["Node", ...]


@dataclass(frozen=True)
class Choice:
    """Exactly one of several alternatives."""

    alternatives: tuple[Sequence, ...]


@dataclass(frozen=True)
class SharedRule:
    """The tree of a long rule, which is compiled once to a sub-automaton and called wherever it is used."""

    tree: "Node"


Node = Word | ListCall | RuleCall | Sequence | Choice | SharedRule


def parse_template(text: str) -> Node:
    """Return the tree of one template.

    Raises TemplateError for invalid syntax, including a word without a space before a group.
    """
    lexemes: list[re.Match[str]] = []
    end, needs_space = 0, False
    while end < len(text):
        lexeme = _LEXEME.match(text, end)
        if lexeme is None:
            raise TemplateError(f"unexpected {text[end]!r} at column {end + 1}")
        if lexeme.lastgroup != "space":
            if needs_space and lexeme.lastgroup not in ("close", "bar"):
                raise TemplateError(f"put a space before column {end + 1}")
            lexemes.append(lexeme)
        needs_space = lexeme.lastgroup not in ("space", "open", "bar")
        end = lexeme.end()
    lexemes.reverse()
    return _choice(lexemes, closing=None)


def _choice(lexemes: list[re.Match[str]], closing: str | None) -> Node:
    alternatives: list[Sequence] = []
    items: list[Node] = []
    separator = ""
    while lexemes:
        lexeme = lexemes.pop()
        kind = lexeme.lastgroup
        if kind == "close":
            if lexeme.group() != closing:
                raise TemplateError(f"{lexeme.group()!r} closes nothing at column {lexeme.start() + 1}")
            closing = None
            break
        if kind == "bar":
            if separator not in ("", lexeme.group()):
                raise TemplateError(f"'|' and ';' in one group at column {lexeme.start() + 1}")
            separator = lexeme.group()
            alternatives.append(Sequence(tuple(items)))
            items = []
        elif kind == "open":
            inner = _choice(lexemes, closing=")" if lexeme.group() == "(" else "]")
            if lexeme.group() == "[":
                inner = Choice((Sequence(()), Sequence((inner,))))
            items.append(inner)
        elif kind == "word":
            items.append(Word(lexeme.group()))
        elif kind == "rule":
            items.append(RuleCall(lexeme.group("rule")))
        else:
            items.append(ListCall(lexeme.group("list"), lexeme.group("slot") or lexeme.group("list")))
    if closing:
        raise TemplateError(f"{closing!r} is missing")
    alternatives.append(Sequence(tuple(items)))
    if separator == ";":  # (a;b): all alternatives, in any order
        return Choice(tuple(map(Sequence, permutations(alternatives))))
    return alternatives[0] if len(alternatives) == 1 else Choice(tuple(alternatives))
