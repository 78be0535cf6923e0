"""The models that the stand-in has, and the vectors that it returns for them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from local.stand_ins.gemini.server import LOCAL_MODEL

MIN_DIMENSIONS, MAX_DIMENSIONS = 128, 3072

# gemini-embedding-2 reads its task from the text. MiniLM has no tasks: it embeds what follows.
_INSTRUCTION_ENDS = {"task: ": " | query: ", "title: ": " | text: "}

_TRUNCATED_LENGTH = 0.7


@dataclass(frozen=True)
class Model:
    """A model of the API."""

    name: str
    display_name: str
    input_token_limit: int
    methods: tuple[str, ...] = ("embedContent", "countTextTokens", "countTokens", "asyncBatchEmbedContent")
    reads_instructions: bool = False
    """Whether the task is in the text."""
    normalises: bool = True
    """Whether a vector of fewer than MAX_DIMENSIONS has length 1."""
    output_token_limit: int = 1
    accepts_penalties: bool = False
    """Whether a request may penalise repetitions."""

    def to_json(self) -> dict[str, Any]:
        return {
            "name": f"models/{self.name}",
            "version": "1",
            "displayName": self.display_name,
            "description": "SIMULATED: a stand-in.",
            "inputTokenLimit": self.input_token_limit,
            "outputTokenLimit": self.output_token_limit,
            "supportedGenerationMethods": list(self.methods),
        }

    def text_of(self, text: str) -> str:
        """Return what is embedded of a text: all but its instruction."""
        if self.reads_instructions:
            for start, end in _INSTRUCTION_ENDS.items():
                _, found, rest = text.partition(end)
                if text.startswith(start) and found and rest.strip():
                    return rest
        return text

    def resize(self, vector: Sequence[float], dimensions: int) -> list[float]:
        """Return the vector with so many dimensions: padded with zeros, or truncated."""
        resized = [*vector[:dimensions], *[0.0] * (dimensions - len(vector))]
        length = math.hypot(*resized)
        if dimensions < MAX_DIMENSIONS and not self.normalises:
            length /= _TRUNCATED_LENGTH
        return [round(value / length, 9) for value in resized]


def _generative(name: str, display_name: str, *, accepts_penalties: bool = False) -> Model:
    methods = ("generateContent", "countTokens", "createCachedContent", "batchGenerateContent")
    return Model(name, display_name, 1_048_576, methods, output_token_limit=65_536, accepts_penalties=accepts_penalties)


MODELS = {
    model.name: model
    for model in (
        Model("gemini-embedding-2", "Gemini Embedding 2", 8192, reads_instructions=True),
        Model("gemini-embedding-001", "Gemini Embedding 001", 2048, normalises=False),
        Model(LOCAL_MODEL, "MiniLM", 256),
        _generative("gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite"),
        _generative("gemini-3.1-flash-lite", "Gemini 3.1 Flash-Lite", accepts_penalties=True),
        _generative("gemini-2.5-flash", "Gemini 2.5 Flash", accepts_penalties=True),
    )
}
