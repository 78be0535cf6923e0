"""The adapter with the real SDK: vectors, order, purposes, batches, and what start-up verifies."""

import contextlib
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from local.embedding.minilm import MiniLmEmbedder
from pam.platform.deadline import Deadline
from pam.sources.api_key import ApiKey
from pam.sources.embedding import EMBEDDING_DIMENSIONS, MAX_EMBEDDED_CHARACTERS, Embedder, EmbeddingPurpose
from pam.sources.gemini.client import MAX_BATCH, GeminiEmbedder
from pam.sources.source import Source, SourceError, SourceErrorKind
from tests.conftest import CHECKOUT
from tests.functional.gemini.conftest import NewEmbedder
from tests.functional.stand_ins.client import StandInClient

DOCUMENT, QUERY = EmbeddingPurpose.DOCUMENT, EmbeddingPurpose.QUERY
TEXTS = ["Our water pump leaks.", "Gas was $45 in Moab.", "Dan's dog is called Biscuit."]
MODELS = ["gemini-embedding-2", "gemini-embedding-001", "minilm"]


def embed(embedder: Embedder, texts: list[str], purpose: EmbeddingPurpose = DOCUMENT) -> "np.ndarray":
    return np.array(embedder.embed(texts, purpose, Deadline(30)))


@pytest.mark.parametrize("model", MODELS)
def test_vectors_have_length_1_and_the_order_of_their_texts(new_embedder: NewEmbedder, model: str) -> None:
    """Alone or in a batch, also where the service's own vectors are of another length."""
    embedder = new_embedder(model)
    together = embed(embedder, TEXTS)
    assert together.shape == (3, EMBEDDING_DIMENSIONS)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-9)
    for text, vector in zip(TEXTS, together, strict=True):
        assert embed(embedder, [text])[0] == pytest.approx(vector, abs=1e-6)
    assert together == pytest.approx(embed(MiniLmEmbedder(), TEXTS), abs=1e-6)


def test_query_finds_its_document(embedder: GeminiEmbedder) -> None:
    """Vectors of both purposes are comparable."""
    scores = embed(embedder, TEXTS) @ embed(embedder, ["What is the name of Dan's pet?"], QUERY)[0]
    assert scores.argmax() == 2


@pytest.mark.parametrize(
    ("model", "purpose", "text", "task_type"),
    [
        ("gemini-embedding-2", DOCUMENT, "title: none | text: A text", "TASK_TYPE_UNSPECIFIED"),
        ("gemini-embedding-2", QUERY, "task: search result | query: A text", "TASK_TYPE_UNSPECIFIED"),
        ("gemini-embedding-001", DOCUMENT, "A text", "RETRIEVAL_DOCUMENT"),
        ("gemini-embedding-001", QUERY, "A text", "RETRIEVAL_QUERY"),
        ("minilm", QUERY, "A text", "RETRIEVAL_QUERY"),
    ],
)
@pytest.mark.parametrize("count", [1, 2])
def test_purpose_is_sent_as_the_model_reads_it(
    new_embedder: NewEmbedder,
    stand_in: StandInClient,
    model: str,
    purpose: EmbeddingPurpose,
    text: str,
    task_type: str,
    count: int,
) -> None:
    """As a task type, or in the text for gemini-embedding-2, which ignores task types."""
    embed(new_embedder(model), ["A text"] * count, purpose)
    [entry] = stand_in.journal()["last"]
    assert (entry["texts"], entry["task_types"]) == ([text] * count, [task_type])
    assert entry["dimensions"] == [EMBEDDING_DIMENSIONS]
    assert entry["path"].endswith("batchEmbedContents" if count > 1 else "embedContent")


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (203, [100, 100, 3])])
def test_texts_are_sent_in_batches_of_100(
    embedder: GeminiEmbedder, stand_in: StandInClient, count: int, sizes: list[int]
) -> None:
    """The service refuses more; the vectors are in the order of all texts."""
    texts = [f"{number}" for number in range(count)]
    vectors = embed(embedder, texts)
    assert [len(each["texts"]) for each in stand_in.journal()["last"]] == sizes
    assert len(vectors) == count
    if count:
        assert vectors[-1] == pytest.approx(embed(embedder, [texts[-1]])[0], abs=1e-6)
    assert max(sizes, default=0) <= MAX_BATCH


def test_long_text_is_cut_and_any_character_is_sent(embedder: GeminiEmbedder, stand_in: StandInClient) -> None:
    """8,000 characters, and U+FFFD in place of what can't be encoded."""
    vectors = embed(embedder, ["y" * 20_000, "a\ud800b\x00c", "東京 👩\u200d🚀"])
    assert len(vectors) == 3
    [entry] = stand_in.journal()["last"]
    long, broken, emoji = (text.removeprefix("title: none | text: ") for text in entry["texts"])
    assert len(long) == MAX_EMBEDDED_CHARACTERS
    assert broken == "a\ufffdb\ufffdc"
    assert emoji == "東京 👩\u200d🚀"


@pytest.mark.parametrize("blank", ["", " \n"])
def test_blank_text_is_refused_without_a_request(embedder: GeminiEmbedder, stand_in: StandInClient, blank: str) -> None:
    """Also in a later batch: the vectors before it would be paid for and lost."""
    with pytest.raises(SourceError, match="text 150 is blank") as raised:
        embed(embedder, ["text"] * 150 + [blank])
    assert raised.value.kind is SourceErrorKind.REFUSED
    assert stand_in.journal()["requests"] == 0


@pytest.mark.parametrize("model", MODELS)
def test_verified_model_and_dimensions_pass(new_embedder: NewEmbedder, stand_in: StandInClient, model: str) -> None:
    """By one request for the model and one for a vector."""
    new_embedder(model).verify(Deadline(10))
    assert stand_in.journal()["requests"] == 2


@pytest.mark.parametrize(
    ("model", "mode", "kind"),
    [
        ("gemini-embedding-9", "ok", SourceErrorKind.NOT_FOUND),
        ("gemini-2.5-flash", "ok", SourceErrorKind.REFUSED),  # it exists, and makes no embeddings
        ("gemini-embedding-2", "wrong_dimension", SourceErrorKind.MALFORMED),
        ("gemini-embedding-2", "wrong_shape", SourceErrorKind.MALFORMED),
        ("gemini-embedding-2", "invalid_key", SourceErrorKind.UNAUTHORISED),
        ("gemini-embedding-2", "503", SourceErrorKind.DOWN),
    ],
)
def test_verification_fails_by_kind(
    new_embedder: NewEmbedder, stand_in: StandInClient, model: str, mode: str, kind: SourceErrorKind
) -> None:
    """An unknown model, one without embeddings, other dimensions, and what any request may fail with."""
    stand_in.control(mode=mode)
    with pytest.raises(SourceError) as raised:
        new_embedder(model).verify(Deadline(10))
    assert raised.value.kind is kind


def test_sdk_is_imported_with_the_first_request_only() -> None:
    """Neither the modules nor the constructor import it: other functions would load it for nothing."""
    script = (
        "import sys; from pam.sources.api_key import ApiKey; from pam.sources.source import Source;"
        "from pam.sources.gemini.client import GeminiEmbedder;"
        "embedder = GeminiEmbedder('http://127.0.0.1:9', ApiKey(Source.GEMINI, lambda: ''), 'minilm');"
        "early = {'google.generativeai', 'google.protobuf', 'requests', 'grpc'} & sys.modules.keys();"
        "embedder.preload(); print(sorted(early), 'google.generativeai' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[0] == "[] True False"
    assert done.stderr == ""  # no warnings in the function's log


def test_preload_reads_no_key_and_opens_no_connection() -> None:
    """A snapshot would contain both."""

    def secret() -> str:
        raise AssertionError("the key is read")

    before = open_sockets()
    GeminiEmbedder("http://127.0.0.1:9", ApiKey(Source.GEMINI, secret), "minilm").preload()
    assert open_sockets() <= before


def open_sockets() -> set[str]:
    """Return the sockets of this process."""
    targets = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # that of the listing itself
            targets.add(str(descriptor.readlink()))
    return {target for target in targets if target.startswith("socket:")}


def test_no_text_needs_no_request(embedder: GeminiEmbedder, stand_in: StandInClient) -> None:
    """An empty list has no vectors."""
    assert embedder.embed([], DOCUMENT, Deadline(0)) == []
    assert stand_in.journal()["requests"] == 0


def test_length_is_exact_for_tiny_values(embedder: GeminiEmbedder) -> None:
    """A vector of length 1, whatever the scale of the service's: hypot neither overflows nor underflows."""
    for scale in (1e-30, 1.0, 1e30):
        unit = embedder._unit([scale] * EMBEDDING_DIMENSIONS)
        assert math.hypot(*unit) == pytest.approx(1, abs=1e-12)


def test_threads_share_an_embedder(embedder: GeminiEmbedder, stand_in: StandInClient) -> None:
    """Also while the first of them imports the SDK: each gets the vectors of its own texts."""
    texts = [f"campground {number}" for number in range(16)]
    with ThreadPoolExecutor(8) as threads:
        vectors = list(threads.map(lambda text: embed(embedder, [text])[0], texts))
    assert np.array(vectors) == pytest.approx(embed(MiniLmEmbedder(), texts), abs=1e-6)


def test_preloaded_embedder_works_after_a_snapshot(stand_in: StandInClient) -> None:
    """The local runtime forks it: the SDK starts no thread, and its clients work in each fork."""
    done = subprocess.run(
        [sys.executable, "-c", FORK, stand_in.url], cwd=CHECKOUT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["1", "1536", "1536"], done.stderr
    assert done.stderr == ""


FORK = """
import os, sys
from pam.platform.deadline import Deadline
from pam.sources.api_key import ApiKey
from pam.sources.embedding import EmbeddingPurpose
from pam.sources.gemini.client import GeminiEmbedder
from pam.sources.source import Source

key = ApiKey(Source.GEMINI, lambda: '{"key": "AIza-simulated"}')
embedder = GeminiEmbedder(sys.argv[1], key, "gemini-embedding-2")
embedder.preload()
print(len(os.listdir("/proc/self/task")), flush=True)
for _ in range(2):
    child = os.fork()
    if child == 0:
        [vector] = embedder.embed(["A text"], EmbeddingPurpose.QUERY, Deadline(20))
        print(len(vector), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""
