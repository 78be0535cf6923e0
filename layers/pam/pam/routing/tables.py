"""The tables of the automaton that don't depend on templates: patterns, characters, spellings, numbers, currencies."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from pam.routing.templates import Choice, ListCall, Node, Sequence, SharedRule, TemplateError, Word, parse_template

PATTERNS = {
    # Skipped, outside of the group: a space, "!", a comma or full stop at the end of a word, a hyphen inside or after
    # a word ("-45" keeps its minus), all but the last of "??". The group captures one token: a currency sign, an ISO
    # date, a number, a word, or any other single character, of which templates use only "?".
    "token": (
        r"[ !]|[,.:]+(?=[ !?]|$)|-(?=[ a-z]|$)|\?(?=[ !]*\?)"
        r"|((?:us|au|a|ca|c|nz|mx)?\$"
        r"|[0-9]{4}-[0-9]{2}-[0-9]{2}(?![-0-9])"
        r"|(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?![0-9]|[.,][0-9])"
        r"|(?:[1-9][0-9]{0,2}(?:\.[0-9]{3})+|[0-9]+),[0-9]{2}(?![0-9]|[.,][0-9])"
        r"|[a-zß-öø-ÿ]+(?:'[a-zß-öø-ÿ]+)*"
        r"|[\s\S])"
    ),
    "amount": r"^(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]{1,3})?$",
    "decimal_comma": r"^(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:\.[0-9]{3})+),[0-9]{2}$",  # 45,50 and 1.200,50
    "integer": r"^[1-9][0-9]{0,2}$",
    "iso_date": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "place_word": r"^(?:[a-zß-öø-ÿ]+(?:'[a-zß-öø-ÿ]+)*|[0-9]{5})$",  # five digits are a postal code
}


def build_tables(normaliser: dict[str, Any]) -> dict[str, Any]:
    """Return the tables of the automaton from the content of normalise.yaml."""
    characters = {chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)}
    characters |= {chr(code): chr(code + 32) for code in range(0xC0, 0xDF) if code != 0xD7}
    for code in range(0xFF01, 0xFF5F):
        plain = chr(code - 0xFEE0)
        characters[chr(code)] = characters.get(plain, plain)
    for to, sources in normaliser["characters"].items():
        characters |= dict.fromkeys(sources, to)

    numbers: dict[tuple[str, ...], int] = {}
    for value, text in normaliser["number_words"].items():
        numbers |= dict.fromkeys(expand_phrases(parse_template(text), "number_words"), value)
    tens = {words: value for words, value in numbers.items() if 20 <= value < 100}
    units = {words: value for words, value in numbers.items() if value < 10}
    numbers |= {ten + unit: tens[ten] + units[unit] for ten in tens for unit in units}
    hundreds = {words: value for words, value in numbers.items() if value % 100 == 0 and value < 1000}
    numbers |= {
        hundred + conjunction + rest: hundreds[hundred] + numbers[rest]
        for hundred in hundreds
        for conjunction in ((), ("and",))
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
        "spellings": {misspelling: text.split() for misspelling, text in sorted(normaliser["spellings"].items())},
        "numbers": build_trie(numbers),
        "months": months,
        "currency_signs": normaliser["currency_signs"],
        "currency_units": build_trie(unit_phrases),
        "place_words": {word: kind for kind, text in normaliser["place_words"].items() for word in text.split()},
    }


def build_trie(phrases: dict[tuple[str, ...], Any]) -> list[Any]:
    """Return the trie of phrases with their values.

    A node is [value or null, {word: node}, node after an integer or null]; the value {7n}_days is ["", 7, "_days"].
    """
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
            node[2] = build_trie(branch)
        else:
            node[1][word] = build_trie(branch)
    return node


def expand_phrases(tree: Node, location: str) -> Iterator[tuple[str, ...]]:
    """Yield every phrase of a tree as words. Raises TemplateError, with `location`, for a list other than {n}."""
    if isinstance(tree, Word):
        yield (tree.text,)
    elif isinstance(tree, ListCall):
        if tree.list != "n":
            raise TemplateError(f"{location}: only {{n}} can be used in a list, not {{{tree.list}}}")
        yield ("{n}",)
    elif isinstance(tree, Choice):
        for alternative in tree.alternatives:
            yield from expand_phrases(alternative, location)
    elif isinstance(tree, SharedRule):
        yield from expand_phrases(tree.tree, location)
    elif isinstance(tree, Sequence) and not tree.items:
        yield ()
    elif isinstance(tree, Sequence):
        for head in expand_phrases(tree.items[0], location):
            for tail in expand_phrases(Sequence(tree.items[1:]), location):
                yield head + tail
