"""Strict rules: sequences of classes of words, and markup, that a traveller's message hardly has.

A sequence is matched in one pass over the words, and markup by patterns without nested repetition, so that no text
takes more than linear time.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from pam.safety.screen.vocabulary import classes_of

WORD = re.compile(r"[^\W_]+")

# (class, how many words may stand between the step before and this one)
_SEQUENCES: Sequence[tuple[str, tuple[tuple[str, int], ...]]] = (
    ("override_instructions", (("V", 0), ("P", 2), ("I", 4))),
    ("override_instructions", (("V", 0), ("I", 2), ("P", 2))),
    ("override_everything", (("V", 0), ("T", 2), ("P", 4), ("Y", 3))),
    ("reveal_prompt", (("R", 0), ("P", 4), ("S", 3), ("M", 2))),
    ("reveal_prompt", (("R", 0), ("S", 4), ("M", 1))),
    ("reveal_prompt", (("R", 0), ("S", 5), ("I", 1))),
    ("reveal_prompt", (("R", 0), ("G", 5), ("J", 2))),
    ("repeat_above", (("R", 0), ("T", 3), ("P", 2), ("Y", 2))),
    ("mode", (("O", 0), ("D", 0))),
    ("mode", (("D", 0), ("O", 1))),
    ("unrestricted_persona", (("A", 0), ("W", 30), ("L", 3))),
    ("unrestricted_persona", (("Y", 0), ("W", 8), ("L", 2))),
    ("disable_safety", (("X", 0), ("F", 4), ("F", 2))),
    ("disable_safety", (("X", 0), ("P", 3), ("F", 2))),
    ("secrets", (("R", 0), ("N", 4), ("K", 1))),
    ("other_users", (("R", 0), ("E", 4), ("U", 1), ("Q", 3))),
    ("other_users", (("R", 0), ("Q", 4), ("E", 4), ("U", 1))),
)

MARKUP: Sequence[tuple[str, frozenset[str], tuple[str, ...], re.Pattern[str]]] = tuple(
    (name, frozenset(words.split()), tuple(filter(None, literals.split("  "))), re.compile(pattern, re.MULTILINE))
    for name, words, literals, pattern in (
        # Name, words, literals, pattern. A match has at least one of the words and at least one of the literals: a text
        # without them costs almost nothing.
        ("role_markup", "", "<|", r"<\|[a-z_]{2,20}\|>"),
        (
            "role_markup",
            "inst sys system assistant admin developer",
            "[",
            r"^\s{0,9}\[/?(?:inst|sys|system|system message|assistant|admin|developer)\]|\[/?inst\]",
        ),
        (
            "role_markup",
            "",
            "<",
            r"<</?sys>>"
            r"|</?(?:system|sys|instructions?|prompt|admin|assistant|developer)(?:[ _-](?:prompt|message|note))?>",
        ),
        (
            "role_markup",
            "system assistant developer admin root human user ai",
            ":",
            r"^[ #*\[(>-]{0,6}(?:system|assistant|developer|admin|root)(?: (?:message|prompt|note|override|update))?"
            r"[ \])*]{0,4}:|\n ?(?:human|assistant|user|ai):",
        ),
        ("role_markup", "role", ":  =", r"\brole[\"']?\s?[:=]\s?[\"']?(?:system|assistant|dev)"),
        (
            "role_markup",
            "",
            "##  --  ==",
            r"##\s?(?:system|new|instruction|end|admin|override)|(?:--|==) ?(?:end|begin|start|system|new)\b",
        ),
        (
            "end_of_input",
            "end",
            "end of ",
            r"\bend of (?:the )?(?:system |user |all )?"
            r"(?:prompt|input|instructions?|message|document|context|conversation)",
        ),
        (
            "new_instructions",
            "system",
            " system instruction   system directive   system prompt",
            r"\b(?:new|updated|revised|real|actual|true) system (?:instruction|directive|prompt)s?\b",
        ),
        ("new_instructions", "begin", "begin ", r"\bbegin (?:new |system |admin )(?:prompt|instructions?)"),
        ("new_instructions", "injection", "prompt injection", r"\bprompt injection\b"),
        (
            "override_command",
            "override",
            " override",
            r"\b(?:system|admin|priority|emergency|security|root) override\b",
        ),
        (
            "known_phrase",
            "",
            "do anything now  jailbr  jail br  strive to avoid  as an ai  in character  opposite mode  access granted  "
            "no longer ",
            r"\bdo anything now\b|\bjail ?br(?:eak|oken)|\bstrive to avoid norms\b"
            r"|\bas an ai (?:language|model|assistant)|\bstay(?:ing)? in character\b|\bopposite mode\b"
            r"|\baccess granted\b|\bno longer (?:bound|restricted|limited|an? (?:assistant|ai))\b",
        ),
        ("code", "drop", "drop table ", r"\bdrop table (?:if exists )?[a-z_.]{2,40} ?(?:;|--)"),
        ("code", "select", "select", r"\bunion (?:all )?select\b|\bselect \* from\b"),
        ("code", "", ";", r"; ?(?:delete|update|insert|drop) "),
        ("code", "os subprocess", ".", r"\b(?:os\.(?:system|environ|popen)|subprocess\.)"),
        ("code", "", "rm -rf  __import__  /etc/passwd  /etc/shadow  process.env  <script  printenv  cat .env", r""),
        ("code", "", "{{  ${", r"\{\{.{1,40}\}\}|\$\{.{1,40}\}"),
        ("exfiltration", "", "![", r"!\[[^\]\n]{0,80}\]\(\s?(?:https?:)?//"),
        (
            "exfiltration",
            "",
            "http",
            r"\b(?:send|post|forward|upload|submit|exfiltrate|append|curl|fetch)\b[^\n]{0,80}\bhttps?://"
            r"|https?://[^\s]{1,120}[?&][a-z_]{1,20}=[{<\[$]",
        ),
    )
)

_STEPS: dict[str, list[tuple[int, int, str]]] = {}
"""The steps of sequences that a word of a class takes: their number, how many words may stand between the step before
and the word, or `_FIRST_STEP`, and the name of the rule where it is the last step. Numbers count on through all
sequences, so that the step before has the number before.
"""

_FIRST_STEP = -1
_MAX_GAP = max(gap for _, steps in _SEQUENCES for _, gap in steps)
_steps_before = 0
for _name, _steps in _SEQUENCES:
    for _step, (_class, _gap) in enumerate(_steps):
        _is_last = _step == len(_steps) - 1
        _STEPS.setdefault(_class, []).append(
            (_steps_before + _step, _gap if _step else _FIRST_STEP, _name if _is_last else "")
        )
    _steps_before += len(_steps)


@lru_cache(maxsize=8192)
def _steps_of(word: str) -> tuple[tuple[int, int, str], ...]:
    return tuple(step for name in classes_of(word) for step in _STEPS.get(name, ()))


def match_rules(text: str, words: Sequence[str]) -> Iterator[str]:
    """Yield the names of the rules that a normalised text and its words match; a name may come more than once."""
    different = set(words)
    for name, listed, literals, pattern in MARKUP:
        if listed and listed.isdisjoint(different):
            continue
        for literal in literals:
            if literal in text:
                if pattern.search(text):
                    yield name
                break
    yield from _match_sequences(words)


def _match_sequences(words: Sequence[str]) -> Iterator[str]:
    reached = [-_MAX_GAP - 2] * _steps_before
    """Where the last word stands that has taken a step."""
    for at, word in enumerate(words):
        if steps := _steps_of(word):
            # All are found before any is taken: a word takes one step of a sequence.
            taken = [step for step in steps if step[1] == _FIRST_STEP or at - reached[step[0] - 1] - 1 <= step[1]]
            for number, _, name in taken:
                reached[number] = at
                if name:
                    yield name
