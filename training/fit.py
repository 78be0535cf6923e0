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
from training.corpora import OWN_SET, Sentence

REGULARISATION = 100.0
ATTACK_WEIGHT = 5.0
"""There are far more harmless sentences."""

ENGLISH_RATE = 0.008
OTHER_RATE = 0.15
"""The shares of the calibration sentences that the score may flag: of ordinary English ones, and of our own ones in the
other trained languages. A third of these are near misses, which are most of what is flagged: about 5 % of the others.
"""


@dataclass(frozen=True)
class Analysed:
    """Sentences as rows of features; a text with several readings has the features of its last."""

    rows: Any
    is_ordinary: Any
    """English, and from a set of ordinary traffic: ours has many near misses on purpose."""
    is_other_language: Any


def analyse(sentences: Sequence[Sentence]) -> Analysed:
    """Return the features of sentences."""
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    is_ordinary, is_other_language = [], []
    for sentence in sentences:
        normalised = normalise(clip(sentence.text))
        reading = (normalised.plain, *normalised.readings)[-1]
        words = WORD.findall(reading)
        buckets = feature_buckets(words, set(match_rules(reading, words)))
        columns += sorted(buckets)
        values += [1 / math.sqrt(len(buckets) or 1)] * len(buckets)
        ends.append(len(columns))
        is_other = language_kind(words) is LanguageKind.TRAINED
        is_ordinary.append(not is_other and sentence.set != OWN_SET)
        is_other_language.append(is_other)
    rows = csr_matrix((values, columns, ends), shape=(len(sentences), BUCKETS))
    return Analysed(rows, np.array(is_ordinary, dtype=bool), np.array(is_other_language, dtype=bool))


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
    english = scores[calibration.is_ordinary]
    others = scores[calibration.is_other_language]
    return LinearModel(
        weights=to_bytes(weights.tolist()),
        scale=scale,
        bias=bias,
        threshold=float(np.quantile(english, 1 - ENGLISH_RATE)),
        threshold_trained_language=float(np.quantile(others, 1 - OTHER_RATE)),
    )
