"""Which packages a function finds on Lambda: those of its layers, and the runtime's own."""

import re
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

_LAYERS = Path(__file__).parent.parent.parent / "layers"

WITH_A_MODEL = {"chat_worker"}
"""Imports the SDK of Claude, a second by itself: starts from a snapshot, and nobody waits for its `ack`."""

# What is there beside the layers, of what is installed here.
_RUNTIME = {"awslambdaric", "snapshot-restore-py", "pam"}


@cache
def carried(function: str) -> frozenset[str]:
    """The distributions that the layers of a function carry, by the names that locks have."""
    layers = ["http", "claude"] if function in WITH_A_MODEL else ["http"]
    locks = "".join((_LAYERS / layer / "requirements.txt").read_text(encoding="utf-8") for layer in layers)
    return frozenset(re.findall(r"^([a-z0-9-]+)==", locks, re.MULTILINE))


def owners(package: str) -> frozenset[str]:
    """The distributions that an import of this package comes from here. Raises KeyError where it isn't installed."""
    return frozenset(re.sub("[_.]", "-", owner.lower()) for owner in _installed()[package])


@cache
def missing(function: str) -> frozenset[str]:
    """Packages that are installed here, and that the function won't have on Lambda: boto3, for one, uses some that
    it happens to find, and pays for them."""
    there = carried(function) | _RUNTIME
    return frozenset(package for package in _installed() if not owners(package) & there)


@cache
def _installed() -> dict[str, list[str]]:
    return dict(packages_distributions())
