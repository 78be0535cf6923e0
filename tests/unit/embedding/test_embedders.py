"""MiniLM by numpy gives the model's vectors, and the bag of hashed words is deterministic."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.embedding.hashed import HashEmbedder
from local.embedding.minilm import MODEL_DIMENSIONS, MiniLm, MiniLmEmbedder, erf
from pam.platform.deadline import Deadline
from pam.sources.embedding import (
    EMBEDDING_DIMENSIONS,
    MAX_EMBEDDED_CHARACTERS,
    Embedder,
    EmbeddingPurpose,
    embeddable,
)
from pam.sources.source import SourceError, SourceErrorKind

QUERY = EmbeddingPurpose.QUERY


@pytest.fixture(scope="module")
def minilm() -> MiniLmEmbedder:
    return MiniLmEmbedder()


def embed(embedder: Embedder, *texts: str) -> "np.ndarray":
    return np.array(embedder.embed(texts, QUERY, Deadline(60)))


def test_cosines_are_those_that_the_model_s_authors_publish(minilm: MiniLmEmbedder) -> None:
    """From the introduction of sentence-transformers and from the model's page, with all digits that they have."""
    weather = embed(minilm, "The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium.")
    assert (weather @ weather.T).round(4).tolist() == [[1, 0.6660, 0.1046], [0.6660, 1, 0.1411], [0.1046, 0.1411, 1]]
    [source] = embed(minilm, "That is a happy person")
    others = embed(minilm, "That is a happy dog", "That is a very happy person", "Today is a sunny day")
    assert others @ source == pytest.approx([0.69457734, 0.94291508, 0.25687608], abs=1e-6)


@pytest.mark.parametrize(
    ("text", "paraphrase", "other"),
    [
        ("The water pump is leaking.", "Our pump drips all the time.", "We spent $40 on gas in Moab."),
        ("Where can we empty the tanks?", "Is there a dump station nearby?", "Dan likes pizza."),
        ("My wife can't eat gluten.", "She has celiac disease.", "The truck needs new tires."),
    ],
)
def test_paraphrase_is_nearer_than_another_subject(
    minilm: MiniLmEmbedder, text: str, paraphrase: str, other: str
) -> None:
    """Also without a common word, where a bag of words knows nothing."""
    vectors = embed(minilm, text, paraphrase, other)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.15


@settings(max_examples=25)
@given(st.lists(st.text(min_size=1, max_size=200).filter(str.strip), min_size=1, max_size=6), st.integers(0, 5))
def test_vector_doesn_t_depend_on_its_batch(texts: list[str], number: int) -> None:
    """Padding and order make no difference: alone and with other texts a vector is the same within 1e-6."""
    minilm = SHARED
    number %= len(texts)
    together, alone = embed(minilm, *texts)[number], embed(minilm, texts[number])[0]
    assert np.abs(together - alone).max() < 1e-6
    assert np.linalg.norm(together) == pytest.approx(1, abs=1e-9)


SHARED = MiniLmEmbedder()


def test_rest_after_256_tokens_is_ignored(minilm: MiniLmEmbedder) -> None:
    """254 pieces and the two marks; the 254th still counts."""
    first = "camp " * 253
    vectors = embed(minilm, first + "desert", first + "desert and then whales", first + "whales")
    assert np.abs(vectors[0] - vectors[1]).max() < 1e-6
    assert np.abs(vectors[0] - vectors[2]).max() > 1e-4


def test_vectors_are_padded_with_zeros(minilm: MiniLmEmbedder) -> None:
    """The model's 384 numbers, in the width of the columns."""
    [vector] = embed(minilm, "A quiet campground")
    assert vector.shape == (EMBEDDING_DIMENSIONS,)
    assert not vector[MODEL_DIMENSIONS:].any()
    assert vector[:MODEL_DIMENSIONS].all()


def test_error_function_is_that_of_the_standard_library() -> None:
    """Within half a millionth, also far from zero."""
    values = np.linspace(-12, 12, 40_001, dtype=np.float32)
    exact = [math.erf(float(value)) for value in values]
    assert np.abs(erf(values) - exact).max() < 5e-7


@pytest.mark.parametrize("changed", ["model.safetensors", "vocab.txt"])
def test_other_model_is_refused(tmp_path: Path, changed: str) -> None:
    """The digests of weights and vocabulary are pinned: its vectors would be stored under the same name."""
    from local.embedding.minilm import _model_folder

    for name in ("model.safetensors", "vocab.txt"):
        if name != changed:
            (tmp_path / name).symlink_to(_model_folder() / name)
    shutil.copyfile(_model_folder() / changed, tmp_path / changed)
    with (tmp_path / changed).open("r+b") as file:
        file.seek(-3, 2)
        file.write(b"?")
    with pytest.raises(ValueError, match=changed):
        MiniLm.read(tmp_path)


def test_expired_deadline_is_slow(minilm: MiniLmEmbedder) -> None:
    """As a request to the service would be."""
    with pytest.raises(SourceError) as raised:
        minilm.embed(["A text"], QUERY, Deadline(0))
    assert raised.value.kind is SourceErrorKind.SLOW


def test_hash_vectors_know_equal_words_only() -> None:
    """The inflected word is the same, a synonym is another; the vector is the same in every process."""
    vectors = embed(HashEmbedder(), "Leaking pumps", "leaks: the pump", "a drip of the faucet")
    assert vectors[0] @ vectors[1] > 0.5
    assert abs(vectors[0] @ vectors[2]) < 0.1
    [first] = embed(HashEmbedder(), "Moab")
    assert first.nonzero()[0].tolist() == [78]


@given(st.text(min_size=1, max_size=300).filter(str.strip))
def test_every_hash_vector_has_length_1(text: str) -> None:
    """Also that of punctuation alone."""
    [vector] = embed(HashEmbedder(), text)
    assert vector.shape == (EMBEDDING_DIMENSIONS,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("embedder", [HashEmbedder(), SHARED])
@pytest.mark.parametrize("blank", ["", " \n\t", "\u3000"])
def test_blank_text_is_refused(embedder: Embedder, blank: str) -> None:
    """As the service refuses it; the error names its place, and no text."""
    with pytest.raises(SourceError, match="text 1 is blank") as raised:
        embedder.embed(["Moab", blank], QUERY, Deadline(10))
    assert raised.value.kind is SourceErrorKind.REFUSED


def test_text_is_cut_and_encodable() -> None:
    """8,000 characters, without lone surrogates, which no request can contain."""
    [long, broken] = embeddable(["y" * (MAX_EMBEDDED_CHARACTERS + 1), " a\ud800b "])
    assert len(long) == MAX_EMBEDDED_CHARACTERS
    assert broken == "a\ufffdb"
