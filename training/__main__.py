"""`python -m training FOLDER`: train the screen's model with the public sets of a folder, and write it to the package.

Prints the share of each set that the new screen flags, which is no measure of unseen messages, and then, for the attack
suite, our own attacks and some public sets, what screens flag of them that were trained without them.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence, Set
from pathlib import Path

from pam.safety.outcome import MIN_RESTRICTED_SCORE
from pam.safety.screen import Screening, linear_model, screen
from pam.safety.screen.linear_model import LinearModel
from training.corpora import OWN_SET, SUITE_SET, Corpora, Sentence, read_corpora
from training.fit import analyse, fit

FOLDS = 5
JUDGE_ACCURACY = 0.79
"""Of stage 2 on attacks, as the stand-in for Gemini states it."""
BLOCK = 20

LEFT_OUT = (
    {"deepset_train", "giskard_csv", "bfcl_nonlive", "tau_retail_user", "taskmaster4_user"},
    {"garak_inthewild", "garak_dan", "selfreminder_jb", "gptfuzz_templates", "banking77_train", "hwu64_train", "snips"},
)
"""Public sets that a model is trained without at a time."""

_PACKAGE = Path(linear_model.__file__).parent


def main() -> int:
    """Train and print."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("folder", type=Path, help="attack.jsonl.gz, benign.jsonl.gz and calibration.jsonl.gz")
    arguments = parser.parse_args()
    corpora = read_corpora(arguments.folder)
    write_model(fit(*map(analyse, (corpora.attacks, corpora.harmless, corpora.calibration))))
    report(corpora)
    cross_validate(corpora)
    return 0


def write_model(model: LinearModel) -> None:
    """Write the model's two files."""
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


def cross_validate(corpora: Corpora) -> None:
    """Print what is flagged of sentences by screens that were trained without them.

    The suite and our own attacks are divided into blocks, since neighbours resemble each other; public sets are left
    out as a whole.
    """
    flagged: dict[str, list[Screening]] = defaultdict(list)
    for fold in range(FOLDS):
        attacks = _split(corpora.attacks, {SUITE_SET, OWN_SET}, fold)
        harmless = _split(corpora.harmless, {SUITE_SET}, fold)
        _measure(fit(*map(analyse, (attacks[0], harmless[0], corpora.calibration))), attacks[1], harmless[1], flagged)
    for names in LEFT_OUT:
        attacks, harmless = _leave_out(corpora.attacks, names), _leave_out(corpora.harmless, names)
        _measure(fit(*map(analyse, (attacks[0], harmless[0], corpora.calibration))), attacks[1], harmless[1], flagged)
    print("\nof sentences that the screen wasn't trained with:")
    for name, found in flagged.items():
        rate = sum(each.flagged for each in found) / len(found)
        print(f"{name:35} {len(found):6}  flagged {rate:7.2%}  handled {_handled(found):7.2%}")


Split = tuple[list[Sentence], list[Sentence]]
"""Sentences to train with, and to measure."""


def _split(sentences: Sequence[Sentence], names: Set[str], fold: int) -> Split:
    kept: list[Sentence] = []
    measured: list[Sentence] = []
    for index, sentence in enumerate(sentences):
        is_measured = sentence.set in names and index // BLOCK % FOLDS == fold
        (measured if is_measured else kept).append(sentence)
    return kept, measured


def _leave_out(sentences: Sequence[Sentence], names: Set[str]) -> Split:
    return [each for each in sentences if each.set not in names], [each for each in sentences if each.set in names]


def _measure(
    model: LinearModel, attacks: Sequence[Sentence], harmless: Sequence[Sentence], flagged: dict[str, list[Screening]]
) -> None:
    for kind, sentences in (("attacks", attacks), ("harmless", harmless)):
        for sentence in sentences:
            flagged[f"{kind} {sentence.set}"].append(screen(sentence.text, model))


def _handled(found: Sequence[Screening]) -> float:
    """Return the share of messages that a judge of `JUDGE_ACCURACY` blocks, or that are restricted anyway."""
    certain = [each.flagged and each.score >= MIN_RESTRICTED_SCORE for each in found]
    judged = [each.flagged and each.score < MIN_RESTRICTED_SCORE for each in found]
    return (sum(certain) + JUDGE_ACCURACY * sum(judged)) / len(found)


if __name__ == "__main__":
    sys.exit(main())
