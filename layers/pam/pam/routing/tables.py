"""The automaton's tables, which don't depend on templates: patterns, characters, spellings, numbers, currencies."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from pam.routing.templates import Choice, ListCall, Node, Part, Sequence, TemplateError, Word, parse

PATTERNS = {
    # Outside the group is what is passed over: a space, "!", a comma or full stop that ends a word, a hyphen
    # inside or after one ("-45" keeps its minus), all but the last of "??". In the group is one token: a
    # currency sign, an ISO date, a number, a word, else any one character; of those, templates have only "?".
    "token": (
        r"[ !]|[,.:]+(?=[ !?]|$)|-(?=[ a-z]|$)|\?(?=[ !]*\?)"
        r"|((?:us|au|a|ca|c|nz)?\$"
        r"|[0-9]{4}-[0-9]{2}-[0-9]{2}(?![-0-9])"
        r"|(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?![0-9]|[.,][0-9])"
        r"|[a-zß-öø-ÿ]+(?:'[a-zß-öø-ÿ]+)*"
        r"|[\s\S])"
    ),
    "amount": r"^(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]{1,3})?$",
    "integer": r"^[1-9][0-9]{0,2}$",
    "iso_date": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "place_word": r"^(?:[a-zß-öø-ÿ]+(?:'[a-zß-öø-ÿ]+)*|[0-9]{5})$",  # five digits are a postal code
}


def tables(normaliser: dict[str, Any]) -> dict[str, Any]:
    """The parts of the automaton that don't depend on templates."""
    characters = {chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)}
    characters |= {chr(code): chr(code + 32) for code in range(0xC0, 0xDF) if code != 0xD7}
    for code in range(0xFF01, 0xFF5F):
        plain = chr(code - 0xFEE0)
        characters[chr(code)] = characters.get(plain, plain)
    for to, sources in normaliser["characters"].items():
        characters |= dict.fromkeys(sources, to)

    numbers: dict[tuple[str, ...], int] = {}
    for value, text in normaliser["number_words"].items():
        numbers |= dict.fromkeys(expand(parse(text), "number_words"), value)
    tens = {words: value for words, value in numbers.items() if 20 <= value < 100}
    units = {words: value for words, value in numbers.items() if value < 10}
    numbers |= {ten + unit: tens[ten] + units[unit] for ten in tens for unit in units}
    hundreds = {words: value for words, value in numbers.items() if value % 100 == 0 and value < 1000}
    numbers |= {
        hundred + joint + rest: hundreds[hundred] + numbers[rest]
        for hundred in hundreds
        for joint in ((), ("and",))
        for rest in numbers
        if numbers[rest] in (25, 75) or (numbers[rest] < 100 and numbers[rest] % 10 == 0)
    }

    months: dict[str, int] = {}
    for number, names in enumerate(normaliser["months"], start=1):
        months |= dict.fromkeys(names, number)
    unit_phrases = {tuple(text.split()): code for code, texts in normaliser["currency_units"].items() for text in texts}
    return {
        "patterns": PATTERNS,
        "characters": dict(sorted(characters.items())),
        "spellings": {slip: text.split() for slip, text in sorted(normaliser["spellings"].items())},
        "numbers": trie(numbers),
        "months": months,
        "currency_signs": normaliser["currency_signs"],
        "currency_units": trie(unit_phrases),
        "place_words": {word: kind for kind, text in normaliser["place_words"].items() for word in text.split()},
    }


def trie(phrases: dict[tuple[str, ...], Any]) -> list[Any]:
    """[value or null, {word: node}, node after an integer or null]; {7n}_days is ["", 7, "_days"]."""
    node: list[Any] = [None, {}, None]
    branches: dict[str, dict[tuple[str, ...], Any]] = defaultdict(dict)
    for words, value in sorted(phrases.items()):
        if words:
            branches[words[0]][words[1:]] = value
        elif isinstance(value, str) and "{" in value:
            prefix, _, computed = value.partition("{")
            factor, _, suffix = computed.partition("n}")
            node[0] = [prefix, int(factor or 1), suffix]
        else:
            node[0] = value
    for word, branch in branches.items():
        if word == "{n}":
            node[2] = trie(branch)
        else:
            node[1][word] = trie(branch)
    return node


def expand(tree: Node, place: str) -> Iterator[tuple[str, ...]]:
    if isinstance(tree, Word):
        yield (tree.text,)
    elif isinstance(tree, ListCall):
        if tree.list != "n":
            raise TemplateError(f"{place}: only {{n}} may stand in a list, not {{{tree.list}}}")
        yield ("{n}",)
    elif isinstance(tree, Choice):
        for alternative in tree.alternatives:
            yield from expand(alternative, place)
    elif isinstance(tree, Part):
        yield from expand(tree.tree, place)
    elif isinstance(tree, Sequence) and not tree.items:
        yield ()
    elif isinstance(tree, Sequence):
        for head in expand(tree.items[0], place):
            for tail in expand(Sequence(tree.items[1:]), place):
                yield head + tail
