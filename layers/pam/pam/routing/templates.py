"""The syntax of hassil, ``(a|b)``, ``(a;b)``, ``[optional]``, ``{list:slot}``, ``<rule>``: text in, tree out."""

import re
from dataclasses import dataclass
from itertools import permutations

_PIECE = re.compile(
    r"(?P<space>\s+)|(?P<open>[(\[])|(?P<close>[)\]])|(?P<bar>[|;])"
    r"|\{(?P<list>[a-z0-9_]+)(?::(?P<slot>[a-z_]+))?\}|<(?P<rule>[a-z_]+)>|(?P<word>[^\s()\[\]{}<>|;]+)"
)


class TemplateError(ValueError):
    """A template, list or rule that can't be compiled; the message names the place."""


@dataclass(frozen=True)
class Word:
    """One token, spelled as the normaliser leaves it."""

    text: str


@dataclass(frozen=True)
class ListCall:
    """``{list:slot}``: what the list matches fills the slot. ``{list}`` fills the slot of its own name."""

    list: str
    slot: str


@dataclass(frozen=True)
class RuleCall:
    """``<rule>``: the rule's text, in place."""

    rule: str


@dataclass(frozen=True)
class Sequence:
    """Nodes one after another; the empty sequence is what an optional group may be."""

    items: tuple["Node", ...]


@dataclass(frozen=True)
class Choice:
    """Exactly one of the alternatives."""

    alternatives: tuple[Sequence, ...]


@dataclass(frozen=True)
class Part:
    """A rule's tree that is long enough to be compiled once and called, not written out in place."""

    tree: "Node"


Node = Word | ListCall | RuleCall | Sequence | Choice | Part


def parse(text: str) -> Node:
    """The tree of one template. Raises TemplateError on bad syntax; a word glued to its neighbour is one."""
    pieces: list[re.Match[str]] = []
    end, glued = 0, False
    while end < len(text):
        piece = _PIECE.match(text, end)
        if piece is None:
            raise TemplateError(f"unexpected {text[end]!r} at column {end + 1}")
        if piece.lastgroup != "space":
            if glued and piece.lastgroup not in ("close", "bar"):
                raise TemplateError(f"put a space before column {end + 1}")
            pieces.append(piece)
        glued = piece.lastgroup not in ("space", "open", "bar")
        end = piece.end()
    pieces.reverse()
    return _choice(pieces, closing=None)


def _choice(pieces: list[re.Match[str]], closing: str | None) -> Node:
    alternatives: list[Sequence] = []
    items: list[Node] = []
    separator = ""
    while pieces:
        piece = pieces.pop()
        kind = piece.lastgroup
        if kind == "close":
            if piece.group() != closing:
                raise TemplateError(f"{piece.group()!r} closes nothing at column {piece.start() + 1}")
            closing = None
            break
        if kind == "bar":
            if separator not in ("", piece.group()):
                raise TemplateError(f"'|' and ';' in one group at column {piece.start() + 1}")
            separator = piece.group()
            alternatives.append(Sequence(tuple(items)))
            items = []
        elif kind == "open":
            inner = _choice(pieces, closing=")" if piece.group() == "(" else "]")
            if piece.group() == "[":
                inner = Choice((Sequence(()), Sequence((inner,))))
            items.append(inner)
        elif kind == "word":
            items.append(Word(piece.group()))
        elif kind == "rule":
            items.append(RuleCall(piece.group("rule")))
        else:
            items.append(ListCall(piece.group("list"), piece.group("slot") or piece.group("list")))
    if closing:
        raise TemplateError(f"{closing!r} is missing")
    alternatives.append(Sequence(tuple(items)))
    if separator == ";":  # (a;b): all of them, in any order
        return Choice(tuple(map(Sequence, permutations(alternatives))))
    return alternatives[0] if len(alternatives) == 1 else Choice(tuple(alternatives))
