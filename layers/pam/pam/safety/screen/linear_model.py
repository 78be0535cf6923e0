"""The linear model of stage 1: one signed byte for each bucket of features. `training/` writes its files."""

import json
import math
from collections.abc import Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pam.safety.screen.features import BUCKETS

WEIGHTS_FILE = "weights.bin"
PARAMETERS_FILE = "model.json"

_ZERO = 128
"""The byte of weight 0: an index into `bytes` is faster than into an array of signed bytes."""


@dataclass(frozen=True)
class LinearModel:
    """Weights and thresholds. A score is the probability that a text is an attack, as the model sees it."""

    weights: bytes
    scale: float
    """The weight of a step of one byte."""
    bias: float
    threshold: float
    """From which score on an English text is flagged."""
    threshold_trained_language: float
    """The same for the other languages with training sentences, of which there are fewer."""

    def score(self, buckets: Set[int]) -> float:
        """Return the score of a text with these features, between 0 and 1."""
        total = sum(map(self.weights.__getitem__, buckets)) - _ZERO * len(buckets)
        odds = self.bias + self.scale * total / math.sqrt(len(buckets) or 1)
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))


@cache
def load_model() -> LinearModel:
    """Return the model that is part of the package."""
    folder = Path(__file__).parent  # importlib.resources takes a quarter of the time to load the screen
    weights = (folder / WEIGHTS_FILE).read_bytes()
    assert len(weights) == BUCKETS
    parameters = json.loads((folder / PARAMETERS_FILE).read_text())
    return LinearModel(weights=weights, **parameters)


def to_bytes(weights: list[int]) -> bytes:
    """Return signed weights, -128 to 127, as they are stored."""
    return bytes(weight + _ZERO for weight in weights)
