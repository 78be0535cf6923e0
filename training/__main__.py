"""`python -m training FOLDER`: train the screen's model with the public sets of a folder, and write it to the package.

Prints the share of each set that the new screen flags; of the sets that it was trained with, this is no measure of
unseen messages. `--leave-out` also trains once for each group of sets without it and prints what is flagged of it.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pam.safety.screen import linear_model, screen
from training.corpora import Corpora, Sentence, read_corpora
from training.fit import analyse, fit

_PACKAGE = Path(linear_model.__file__).parent


def main() -> int:
    """Train and print."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("folder", type=Path, help="attack.jsonl.gz, benign.jsonl.gz and calibration.jsonl.gz")
    arguments = parser.parse_args()
    corpora = read_corpora(arguments.folder)
    train(corpora)
    report(corpora)
    return 0


def train(corpora: Corpora) -> None:
    """Write the model's two files."""
    model = fit(*(analyse(_texts(part)) for part in (corpora.attacks, corpora.harmless, corpora.calibration)))
    (_PACKAGE / linear_model.WEIGHTS_FILE).write_bytes(model.weights)
    parameters = {name: round(value, 6) for name, value in vars(model).items() if name != "weights"}
    (_PACKAGE / linear_model.PARAMETERS_FILE).write_text(json.dumps(parameters, indent=2) + "\n")
    linear_model.load_model.cache_clear()


def report(corpora: Corpora) -> None:
    """Print what is flagged of each set, and for what."""
    for kind, sentences in vars(corpora).items():
        for name in sorted({each.set for each in sentences}):
            screenings = [screen(each.text) for each in sentences if each.set == name]
            flagged = sum(each.flagged for each in screenings)
            strict = sum(each.strict for each in screenings)
            by_score = sum("score" in each.reasons for each in screenings)
            print(
                f"{kind:12} {name:22} {len(screenings):6}  flagged {flagged / len(screenings):7.2%}"
                f"  strict {strict / len(screenings):7.2%}  score {by_score / len(screenings):7.2%}"
            )


def _texts(sentences: Sequence[Sentence]) -> list[str]:
    return [each.text for each in sentences]


if __name__ == "__main__":
    sys.exit(main())
