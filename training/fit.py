"""Fit the linear model to sentences, and choose its thresholds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, vstack
from sklearn.linear_model import LogisticRegression

from pam.safety.screen.features import BUCKETS, feature_buckets
from pam.safety.screen.languages import LanguageKind, language_kind
from pam.safety.screen.linear_model import LinearModel, to_bytes
from pam.safety.screen.normalise import clip, normalise
from pam.safety.screen.rules import WORD, match_rules

REGULARISATION = 30.0
ATTACK_WEIGHT = 5.0
"""There are far more harmless sentences."""

CALIBRATION_RATE = 0.01
"""The share of the calibration sentences that the score may flag."""


@dataclass(frozen=True)
class Analysed:
    """Sentences as rows of features; a text with several readings has the features of its last."""

    rows: Any
    is_english: Any


def analyse(texts: Sequence[str]) -> Analysed:
    """Return the features of sentences."""
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    is_english = []
    for text in texts:
        normalised = normalise(clip(text))
        reading = (normalised.plain, *normalised.readings)[-1]
        words = WORD.findall(reading)
        buckets = feature_buckets(words, set(match_rules(reading, words)))
        columns += sorted(buckets)
        values += [1 / math.sqrt(len(buckets) or 1)] * len(buckets)
        ends.append(len(columns))
        is_english.append(language_kind(words) is not LanguageKind.TRAINED)
    return Analysed(csr_matrix((values, columns, ends), shape=(len(texts), BUCKETS)), np.array(is_english, dtype=bool))


def fit(attacks: Analysed, harmless: Analysed, calibration: Analysed) -> LinearModel:
    """Return the model with weights of one byte each, and the thresholds of the calibration sentences."""
    count = attacks.rows.shape[0], harmless.rows.shape[0]
    regression = LogisticRegression(C=REGULARISATION, solver="liblinear", max_iter=500, random_state=0)
    regression.fit(
        vstack([attacks.rows, harmless.rows]),
        np.r_[np.ones(count[0]), np.zeros(count[1])],
        sample_weight=np.r_[np.full(count[0], ATTACK_WEIGHT), np.ones(count[1])],
    )
    # Weights beyond the 99.95th percentile are cut, so that the others have finer steps.
    scale = float(np.quantile(np.abs(regression.coef_[0]), 0.9995)) / 127
    weights = np.clip(np.rint(regression.coef_[0] / scale), -127, 127).astype(int)
    bias = float(regression.intercept_[0])
    scores = 1 / (1 + np.exp(-(bias + scale * (calibration.rows @ weights))))
    english = scores[calibration.is_english]
    others = scores[~calibration.is_english]
    return LinearModel(
        weights=to_bytes(weights.tolist()),
        scale=scale,
        bias=bias,
        threshold=float(np.quantile(english, 1 - CALIBRATION_RATE)),
        threshold_trained_language=float(np.quantile(others, 1 - CALIBRATION_RATE)),
    )
