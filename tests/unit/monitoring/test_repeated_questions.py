"""The distance up to which two questions count as the same, on the vectors of a real model."""

import numpy as np
import pytest

from local.embedding.minilm import MiniLmEmbedder
from monitoring.feedback import MAX_DISTANCE
from pam.platform.deadline import Deadline

SAME = [
    ("Where did we sleep near Moab in May?", "What was the place near Moab where we slept in May?"),
    ("Which vet did we go to in Quartzsite?", "Who was the vet we went to in Quartzsite?"),
    ("What tyre pressure do we run?", "What's the right pressure for our tyres?"),
    ("How much did the lithium batteries cost?", "What did we pay for the lithium batteries?"),
    ("Can you recommend a campground near Zion?", "Is there a good campground close to Zion?"),
    ("When is my insurance due?", "When do I have to pay my insurance?"),
]
OTHERS = [
    ("Where did we sleep near Moab in May?", "Where did we sleep near Sedona in March?"),
    ("What does our rig weigh?", "What does our rig cost to insure?"),
    ("Which vet did we go to in Quartzsite?", "Which mechanic did we go to in Durango?"),
    ("How much did the lithium batteries cost?", "How much did the solar panels cost?"),
    ("Can you recommend a campground near Zion?", "Can you recommend a campground near Bryce?"),
    ("When is my insurance due?", "When is my oil change due?"),
]


def distance(pair: tuple[str, str]) -> float:
    vectors = MiniLmEmbedder().embed_array(list(pair), Deadline(60))
    one, other = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return 1 - float(one @ other)


@pytest.mark.parametrize("pair", SAME, ids=lambda pair: pair[1])
def test_the_same_question_in_other_words_is_repeated(pair: tuple[str, str]) -> None:
    """It counts as asked again."""
    assert distance(pair) <= MAX_DISTANCE


@pytest.mark.parametrize("pair", OTHERS, ids=lambda pair: pair[1])
def test_a_question_about_something_else_is_not(pair: tuple[str, str]) -> None:
    """However similar its words are."""
    assert distance(pair) > MAX_DISTANCE
