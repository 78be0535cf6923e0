"""Chooses an embedder by its name, for evaluations."""

import json
from collections.abc import Mapping
from pathlib import Path

from local.stand_ins.selection import GEMINI_API_KEY
from pam.sources.embedding import Embedder

NAMES = ("minilm", "hash", "gemini")

_TEMPLATE = Path(__file__).parent.parent.parent / "template.yaml"


class EmbedderUnavailable(Exception):
    """The environment lacks what an embedder needs."""


def make_embedder(name: str, environment: Mapping[str, str]) -> Embedder:
    """Return `minilm` or `hash`, which run in this process, or `gemini`, which needs GEMINI_API_KEY.

    Gemini's address and model are the template's defaults, unless the environment has `GEMINI_BASE_URL` and
    `GEMINI_EMBEDDING_MODEL`. Raises `EmbedderUnavailable`.
    """
    if name == "gemini":
        return _gemini(environment)
    from local.embedding.hashed import HashEmbedder
    from local.embedding.minilm import MiniLmEmbedder

    return MiniLmEmbedder() if name == "minilm" else HashEmbedder()


def _gemini(environment: Mapping[str, str]) -> Embedder:
    from local.template.reader import read_source
    from pam.sources.api_key import ApiKey
    from pam.sources.gemini.client import GeminiEmbedder
    from pam.sources.source import Source

    if not (key := environment.get(GEMINI_API_KEY)):
        raise EmbedderUnavailable(f"{GEMINI_API_KEY} isn't set")
    secret = json.dumps({"key": key})
    parameters = read_source(_TEMPLATE)["Parameters"]
    return GeminiEmbedder(
        environment.get("GEMINI_BASE_URL") or parameters["GeminiBaseUrl"]["Default"],
        ApiKey(Source.GEMINI, lambda: secret),
        environment.get("GEMINI_EMBEDDING_MODEL") or parameters["GeminiEmbeddingModel"]["Default"],
    )
