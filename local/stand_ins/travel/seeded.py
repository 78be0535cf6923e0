"""Reproducible pseudo-random numbers, computed from words."""

import hashlib
from functools import lru_cache
from math import floor


@lru_cache(100_000)
def hash_fraction(*words: object) -> float:
    """Return a pseudo-random number in [0, 1), always the same for the same words."""
    digest = hashlib.blake2b("|".join(map(str, words)).encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def smooth_noise(seed: str, *at: float) -> float:
    """Return noise in [-1, 1] that changes gradually over about one unit along each axis."""
    total = 0.0
    corners = [floor(value) for value in at]
    for corner in range(2 ** len(at)):
        weight, point = 1.0, []
        for axis, value in enumerate(at):
            step = corner >> axis & 1
            inside = value - corners[axis]
            eased = inside * inside * (3 - 2 * inside)
            weight *= eased if step else 1 - eased
            point.append(corners[axis] + step)
        total += weight * (2 * hash_fraction(seed, *point) - 1)
    return total
