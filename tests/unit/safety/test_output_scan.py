"""What is taken out of Claude's text, however it is divided."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.chat.turn.prompt import SYSTEM
from pam.safety.output_scan import CANARY, InstructionLeak, Instructions, OutputScan

INSTRUCTIONS = Instructions(SYSTEM)

UUID = "2f6f1f5e-3f0a-4c55-9d55-0a6b1c2d3e4f"

CASES = {
    "See [the map](https://evil.example/x?d=1).": "See the map.",
    "![chart](https://evil.example/a.png?q=secret) done": "chart done",
    "![](//evil.example/a.png)": "",
    "Look: https://evil.example/a?b=c now": "Look: [link removed] now",
    "www.evil.example": "[link removed]",
    "Your id is " + UUID + ".": "Your id is [id removed].",
    "[parks](https://www.nps.gov/arch)": "[parks](https://www.nps.gov/arch)",
    "[parks](https://nps.gov.evil.example/)": "parks",
    "[x](https://nps.gov@evil.example/)": "x",
    "[x](https://www.nps.gov/?q=my+secret)": "x",
    "[x](javascript:alert(1))": "x",
    "[call](tel:911)": "call",
    "<https://evil.example/>": "<[link removed]>",
    "[a][1]\n\n[1]: https://evil.example/": "[a][1]\n\n[1]: [link removed]",
    "my site https://my.example/blog is fine": "my site https://my.example/blog is fine",
    "Sites 1/2 and 3 - $45.00/night, 7:30 am, e.g. Moab [full]. A & B": (
        "Sites 1/2 and 3 - $45.00/night, 7:30 am, e.g. Moab [full]. A & B"
    ),
    "- [ ] tank\n- [x] hoses (2)": "- [ ] tank\n- [x] hoses (2)",
    "key: sk-ant-api03-" + "a1B2" * 12: "key: [key removed]",
}

USER_TEXTS = ["Is https://my.example/blog shown?"]


def scan(pieces: list[str]) -> str:
    output = OutputScan(INSTRUCTIONS, USER_TEXTS)
    return "".join(map(output.feed, pieces)) + output.flush()


def divide(text: str, cuts: list[int]) -> list[str]:
    """Return a text in pieces that end at these places."""
    bounds = [0, *sorted({cut % (len(text) + 1) for cut in cuts}), len(text)]
    return [text[start:end] for start, end in pairwise(bounds)]


@pytest.mark.parametrize("text", CASES)
def test_what_leads_out_is_removed(text: str) -> None:
    assert scan([text]) == CASES[text]
    assert scan(list(text)) == CASES[text]


@given(st.sampled_from(sorted(CASES)), st.lists(st.integers(0, 500), max_size=12))
def test_division_into_pieces_makes_no_difference(text: str, cuts: list[int]) -> None:
    assert scan(divide(text, cuts)) == CASES[text]


@given(st.text(alphabet="ab 1.,!?()*_#\n-'", max_size=300), st.lists(st.integers(0, 300), max_size=12))
def test_other_text_is_unchanged(text: str, cuts: list[int]) -> None:
    assert scan(divide(text, cuts)) == text


def test_plain_text_is_not_held_back() -> None:
    output = OutputScan(INSTRUCTIONS, [])
    pieces = ("You", " spent", " $45", ".20", " on gas", " in Moab.")
    assert [output.feed(piece) for piece in pieces] == ["You", " spent", " ", "", "$45.20 on gas", " in Moab."]


def test_beginning_of_a_link_is_held_back_to_a_limit() -> None:
    """Longer ones are sent broken, since nothing else could be sent otherwise."""
    output = OutputScan(INSTRUCTIONS, [])
    assert output.feed("[" + "word " * 10) == ""
    assert output.feed("more " * 150).startswith("[word")


@pytest.mark.parametrize("cuts", [[], [7, 30, 51], list(range(0, 300, 3))])
def test_repeated_instructions_are_a_leak(cuts: list[int]) -> None:
    start = SYSTEM.index("- Briefly and plainly")
    with pytest.raises(InstructionLeak):
        scan(divide(SYSTEM[start : start + 200], cuts))
    with pytest.raises(InstructionLeak):
        scan(divide(f"The word is {CANARY.upper()}!", cuts))


def test_few_words_of_the_instructions_are_no_leak() -> None:
    assert scan(["Money in the traveller's currency, distances"]).startswith("Money")


def test_findings_are_counted_by_kind() -> None:
    output = OutputScan(INSTRUCTIONS, [])
    output.feed(f"[a](https://evil.example) ![b](https://evil.example/b) https://evil.example {UUID} ok. ")
    output.flush()
    assert output.findings == {"link": 2, "image": 1, "id": 1}
