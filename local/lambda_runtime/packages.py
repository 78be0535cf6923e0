"""The packages that a function can import on Lambda: those of its layers, and the runtime's own."""

import re
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

_LAYERS = Path(__file__).parent.parent.parent / "layers"

SDK_LAYERS = {
    "chat_worker": ("claude", "gemini"),
    "embed_memories": ("gemini",),
    "summarise_episodes": ("claude",),
}
"""The layers with SDKs of models, by function. An SDK takes a second to import: these functions start from a snapshot,
without a waiting request."""

# Installed on Lambda beside the layers.
_RUNTIME = {"awslambdaric", "snapshot-restore-py", "pam"}


@cache
def layer_distributions(function: str) -> frozenset[str]:
    """Return the distributions in the layers of a function, by their names in the lock files."""
    layers = ["http", *SDK_LAYERS.get(function, ())]
    locks = "".join((_LAYERS / layer / "requirements.txt").read_text(encoding="utf-8") for layer in layers)
    return frozenset(re.findall(r"^([a-z0-9-]+)==", locks, re.MULTILINE))


def distributions_of(package: str) -> frozenset[str]:
    """Return the installed distributions that contain this package. Raises KeyError if there is none."""
    return frozenset(re.sub("[_.]", "-", owner.lower()) for owner in _installed()[package])


@cache
def packages_not_on_lambda(function: str) -> frozenset[str]:
    """Return the packages that are installed here and that the function doesn't have on Lambda.

    boto3 for example imports optional packages that it finds, which takes time.
    """
    available = layer_distributions(function) | _RUNTIME
    return frozenset(package for package in _installed() if not distributions_of(package) & available)


@cache
def _installed() -> dict[str, list[str]]:
    return dict(packages_distributions())
