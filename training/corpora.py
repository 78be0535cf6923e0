"""The sentences that the screen is trained and calibrated with.

Public sets are read from a folder outside of the repository, which has none of their sentences; `sentences/` has ours.
"""

import gzip
import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import yaml

OWN = Path(__file__).parent / "sentences"

OWN_SET = "own"
ROUTED_SET = "routed"
SUITE_SET = "suite"
"""The attack suite of the tests. `cross_validate` measures it with models that weren't trained with it."""

CHECKOUT = Path(__file__).parent.parent

_CALIBRATION_SHARE = 5
"""One of so many of our harmless sentences is left out of the training, for the thresholds."""


@dataclass(frozen=True)
class Sentence:
    """A message, and the name of the set that it is from."""

    text: str
    set: str


@dataclass(frozen=True)
class Corpora:
    """Attacks and harmless messages to train with, and harmless messages for the thresholds alone."""

    attacks: list[Sentence]
    harmless: list[Sentence]
    calibration: list[Sentence]


def read_corpora(folder: Path) -> Corpora:
    """Read the public sets of a folder, our own, and the sentences that the router is tested with."""
    own = _read_own("travellers*.txt") + _read_routed()
    return Corpora(
        attacks=[*_read_public(folder / "attack.jsonl.gz"), *_read_own("attacks*.txt"), *_read_suite("attacks")],
        harmless=[
            *_read_public(folder / "benign.jsonl.gz"),
            *(each for each in own if not _is_for_calibration(each)),
            *_read_suite("harmless"),
        ],
        calibration=_read_public(folder / "calibration.jsonl.gz") + [each for each in own if _is_for_calibration(each)],
    )


def _read_public(path: Path) -> list[Sentence]:
    with gzip.open(path, "rt") as lines:
        rows = map(json.loads, lines)
        return [Sentence(row["text"], row["set"]) for row in rows]


def _read_own(names: str) -> list[Sentence]:
    lines = [line for path in sorted(OWN.glob(names)) for line in path.read_text().splitlines()]
    return [Sentence(line.replace("\\n", "\n"), OWN_SET) for line in dict.fromkeys(lines) if line.strip()]


def _read_routed() -> list[Sentence]:
    texts = [
        line for path in sorted((CHECKOUT / "bench/sentences").glob("*.txt")) for line in path.read_text().splitlines()
    ]
    for path in sorted((CHECKOUT / "layers/pam/pam/routing/intents").glob("*.yaml")):
        intent = yaml.safe_load(path.read_text())
        texts += [sentence for test in intent["tests"] for sentence in test["sentences"]]
        texts += [str(negative) for negative in intent.get("negatives", ())]
    return [Sentence(text, ROUTED_SET) for text in dict.fromkeys(texts) if text.strip()]


def _read_suite(name: str) -> list[Sentence]:
    lines = (CHECKOUT / f"tests/security/attack_suite/{name}.jsonl").read_text().splitlines()
    return [Sentence(json.loads(line)["text"], SUITE_SET) for line in lines]


def _is_for_calibration(sentence: Sentence) -> bool:
    return sha256(sentence.text.encode()).digest()[0] % _CALIBRATION_SHARE == 0
