"""The stand-in as a judge of messages, with a stated accuracy: how often it is right is a parameter, and no claim."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from local.stand_ins.gemini.attack_rule import attack_category

ATTACK_ACCURACY = 0.79
"""Attacks that are judged right: GPT-4o as a judge, in the table of the PIGuard paper (79.1 %)."""

BENIGN_ACCURACY = 0.91
"""Harmless messages that are judged right, of the same table (90.8 %)."""

_DATA = re.compile(r"<message>\n(.*)\n</message>", re.DOTALL)
_LABELS = ("attack", "benign")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass
class Judge:
    """Judges a text by its registered label, or else by `attack_rule`, and is wrong about a share of texts.

    Whether it is right about a text depends on the text and the seed alone: asking again doesn't help.
    """

    attack_accuracy: float = ATTACK_ACCURACY
    benign_accuracy: float = BENIGN_ACCURACY
    seed: str = "1"
    _labels: dict[str, str] = field(default_factory=dict)

    def set(self, name: str, value: Any) -> None:
        """Set an accuracy or the seed. Raises ValueError or TypeError."""
        if name != "seed" and not 0 <= float(value) <= 1:
            raise ValueError(f"{name} is between 0 and 1")
        setattr(self, name, str(value) if name == "seed" else float(value))

    def add_labels(self, body: bytes) -> None:
        """Register the truth about texts: a JSON object from their SHA-256 to `attack` or `benign`.

        Raises ValueError where it is anything else, without registering any.
        """
        labels = json.loads(body)
        if not isinstance(labels, dict) or not all(
            _HASH.fullmatch(key) and label in _LABELS for key, label in labels.items()
        ):
            raise ValueError("labels are an object from the SHA-256 of a text, in hexadecimal, to attack or benign")
        self._labels |= labels

    def reply(self, prompt: str) -> dict[str, str]:
        """Return verdict and category for the message in a prompt."""
        text = message_of(prompt)
        category = attack_category(text)
        label = self._labels.get(_sha256(text))
        is_attack = category is not None if label is None else label == "attack"
        accuracy = self.attack_accuracy if is_attack else self.benign_accuracy
        is_right = int(_sha256(f"{self.seed}\n{text}")[:16], 16) / 16**16 < accuracy
        if is_attack is is_right:
            return {"category": category or "instruction_override", "verdict": "injection"}
        return {"category": "none", "verdict": "safe"}


def message_of(prompt: str) -> str:
    """Return the message that a prompt contains as a JSON string between delimiters; else the prompt."""
    match = _DATA.search(prompt)
    try:
        text = json.loads(match[1]) if match else prompt
    except ValueError:
        return prompt
    return text if isinstance(text, str) else prompt


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
