"""The fast ways in which the screen reads a text find the same as the plain definitions of what it looks for."""

import re
from itertools import pairwise
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.safety.screen.features import BUCKETS, MAX_GROUPED_WORDS, feature_buckets
from pam.safety.screen.languages import MAX_OTHER_SCRIPT, has_other_script, is_latin
from pam.safety.screen.normalise import normalise
from pam.safety.screen.rules import MARKUP, WORD, match_rules
from pam.safety.screen.vocabulary import classes_of

_MANY, _STRUCK = "[\u0300-\u036f\u0489\u20d0-\u20ff]", "[\u0335-\u0338\u20d0-\u20e3]"
_WORDS = st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12), max_size=120)


@pytest.mark.parametrize("rule", [each for each in MARKUP if each[3].pattern], ids=lambda rule: rule[3].pattern[:30])
@given(data=st.data())
def test_markup_is_found_wherever_its_pattern_matches(
    rule: tuple[str, frozenset[str], tuple[str, ...], re.Pattern[str]], data: st.DataObject
) -> None:
    """The words and literals that are looked for first exclude no match."""
    name, _, _, pattern = rule
    around = st.sampled_from(["", " ", "see", "_", "\n", "1"])
    text = data.draw(around) + data.draw(st.from_regex(pattern)) + data.draw(around)
    if pattern.search(text):
        assert name in set(match_rules(text, WORD.findall(text)))


@given(
    words=st.one_of(
        _WORDS, st.lists(st.sampled_from(["ignore", "please", "all", "forget", "previous", "tes", "regles"]))
    ),
    rules=st.lists(st.sampled_from(["mode", "code"]), unique=True),
)
def test_features_are_hashed_texts(words: list[str], rules: list[str]) -> None:
    """Words, pairs, triples, pairs around a word, beginnings and ends, three letters, classes and pairs of classes."""
    encoded = [word.encode() for word in words]
    texts = [*encoded, *(b"rule " + rule.encode() for rule in rules)]
    padded = [b"^", b"^", *encoded]
    for first, second, third in zip(padded, padded[1:], padded[2:], strict=False):
        texts += [second + b" " + third, b" ".join((first, second, third)), first + b" * " + third]
    for word in encoded:
        if len(word) > 5:
            texts += [b"<" + word[:4], b">" + word[-4:]]
    for word in list(dict.fromkeys(encoded))[:MAX_GROUPED_WORDS]:
        bounded = b"_" + word[:24] + b"_"
        texts += [b"c" + bounded[at : at + 3] for at in range(len(bounded) - 2)]
    classes = [found for word in words if (found := classes_of(word))]
    texts += [f"cls {each}".encode() for each in classes]
    texts += [f"clp {one} {other}".encode() for one, other in pairwise(classes)]
    assert feature_buckets(words, rules) == {crc32(text) % BUCKETS for text in texts}


def test_no_words_have_no_features() -> None:
    assert feature_buckets([], []) == set()


@given(st.text(st.sampled_from("abé1Жий今天٣ _"), max_size=60))
def test_script_is_that_of_more_than_a_share_of_the_letters(text: str) -> None:
    letters = [each for each in text if each.isalpha()]
    other = sum(not is_latin(each) for each in letters)
    assert has_other_script(WORD.findall(text)) is (other > MAX_OTHER_SCRIPT * len(letters))


@given(st.text(st.sampled_from("abЖ\u0301\u0336\u0489 "), max_size=30))
def test_stacked_marks_are_several_on_two_letters_or_struck_out_letters(text: str) -> None:
    # Marks that letters are composed with are taken apart again.
    stacked = re.search(f"(?:[A-Za-z]{_MANY}{{2,8}}){{2}}|(?:[A-Za-z]{_STRUCK}){{3}}", text) is not None
    assert ("combining_marks" in normalise(text).tricks) is stacked


@given(st.text(st.sampled_from("ab1 ._-\n\u0436"), max_size=40))
def test_spaced_letters_are_six_with_gaps_between_them(text: str) -> None:
    pattern = r"(?<![^\W_])(?:[^\W_](?:[ ._*|/~^·•-]{1,3}|\n)){5,200}[^\W_](?![^\W_])"
    letters = [re.sub(r"[\W_]", "", found) for found in re.findall(pattern, text)]
    is_spaced = any(sum(map(str.isalpha, each)) * 4 >= 3 * len(each) for each in letters)
    assert ("spaced" in normalise(text).tricks) is is_spaced
