"""The number check on scripted answers: what it marks, and how long it takes.

A hundred answers whose figures follow from their evidence and a hundred with one wrong figure each, in three languages,
on results that PAM's tools returned for a simulated year (`tests/unit/safety/figures`). Times are those of texts of
2,000 characters, one for each evidence: a wrong answer, then correct ones, each followed by a sentence without figures,
as in a plan or an advice of that length. They cover finding the figures and comparing them, each the minimum of several
rounds. The evidence is gathered once for a turn; its longest time is that of eight tool results of 24,000 characters.

Beside the planted ones, each correct figure is changed by itself: its value by a tenth or a quarter, its first digit,
two digits exchanged, or another month. Such a figure can be in the evidence by chance, as a neighbouring day's
temperature is; that it is right for what the sentence says isn't checked.
"""

import json
import re
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

from bench.figures import Figure, percentile_ms
from pam.chat.turn.figure_check import gather_evidence
from pam.safety.figures import Conventions, FigureCheck, FigureKind

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "unit" / "safety" / "figures"
CHARS = 2000
ROUNDS = 30

_RESULTS = 8
_RESULT_CHARS = 24_000
_LISTED_KINDS = (FigureKind.MONEY, FigureKind.DISTANCE, FigureKind.DATE, FigureKind.PERCENT)
_MONTHS = {
    "Nov": "Jul",
    "Dec": "Apr",
    "Oct": "Feb",
    "Jan": "May",
    "Sep": "Mar",
    "Okt": "Mär",
    "Dez": "Apr",
    "nov": "mars",
}
_PROSE = (
    "The road is paved all the way, and there are several places where a long rig can turn around or stop for lunch.",
    "It would be wise to call ahead, since the smaller places close early at this time of the year.",
    "If that doesn't suit you, tell me what matters most to you, and I'll look for something else.",
    "Keep in mind that recorded expenses are all that PAM knows: what you paid in cash and didn't add isn't in here.",
)
_NUMBER = re.compile(r"\d[\d.,  ]*\d|\d")

Answer = Mapping[str, Any]


def answers() -> list[Answer]:
    """Return the scripted answers: `evidence` (a name), `question`, `answer`, and `planted`, the wrong figures."""
    return [json.loads(line) for line in (FOLDER / "answers.jsonl").read_text(encoding="utf-8").splitlines()]


@cache
def check_of(evidence: str, question: str) -> FigureCheck:
    """Return the check of answers to a question, with what a turn has of it: context, calls and results."""
    given = json.loads((FOLDER / "evidence.json").read_text(encoding="utf-8"))[evidence]
    conventions = Conventions(given["locale"], given["currency"], date.fromisoformat(given["today"]))
    return FigureCheck(gather_evidence(conventions, "", messages(given["context"], question, given["results"]), 0))


def messages(context: str, question: str, results: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return the messages of a turn with one step of tools."""
    texts = [{"type": "text", "text": text} for text in (context, question)]
    uses = [{"type": "tool_use", "id": str(at), "name": each["tool"]} for at, each in enumerate(results)]
    returned = [
        {"type": "tool_result", "tool_use_id": str(at), "content": each["content"]} for at, each in enumerate(results)
    ]
    turn: list[dict[str, Any]] = [{"role": "user", "content": texts}]
    return [*turn, {"role": "assistant", "content": uses}, {"role": "user", "content": returned}] if results else turn


def marked_texts(answer: Answer) -> tuple[int, list[str]]:
    """Return how many figures of an answer are checked, and those that are marked."""
    text = answer["answer"]
    report = check_of(answer["evidence"], answer["question"]).check(text)
    spans = {(figure.start, figure.end) for figure in report.uncovered}
    checked = {(figure.start, figure.end) for figure in report.checked}
    return len(checked), [text[start:end] for start, end in sorted(spans)]


def run() -> dict[str, Figure]:
    """Measure marks and times."""
    scripted = answers()
    correct = [marked_texts(each) for each in scripted if not each["planted"]]
    planted = [each for each in scripted if each["planted"]]
    found = sum(
        any(each["planted"][0] in text or text in each["planted"][0] for text in marked_texts(each)[1])
        for each in planted
    )
    checked = sum(count for count, _ in correct)
    changed = [is_marked for each in scripted if not each["planted"] for is_marked in _changes_marked(each)]
    texts, dense = (list(_texts(scripted, with_prose=with_prose)) for with_prose in (True, False))
    took = [_least(check, text) for check, text in texts]
    return {
        "planted_marked_percent": Figure(
            round(100 * found / len(planted), 1), "%", "of planted wrong figures are marked"
        ),
        "correct_marked_percent": Figure(
            round(100 * sum(len(texts) for _, texts in correct) / checked, 2), "%", "of correct figures are marked"
        ),
        "correct_figures": Figure(checked, "", "figures of the correct answers"),
        "changed_marked_percent": Figure(
            round(100 * sum(changed) / len(changed), 1),
            "%",
            "of changed amounts, distances, dates and percentages are marked",
        ),
        "changed_figures": Figure(len(changed), "", "such changes"),
        "us_p50": Figure(round(statistics.median(took) * 1e6), "µs", "a text of 2,000 characters, median"),
        "us_p99": Figure(round(percentile_ms(took, 99) * 1000), "µs", "the same, 99th percentile"),
        "figures_p50": Figure(_median_figures(texts), "", "figures in such a text, median"),
        "dense_us_p50": Figure(
            round(statistics.median(_least(check, text) for check, text in dense) * 1e6),
            "µs",
            "a text of nothing but figures",
        ),
        "dense_figures_p50": Figure(_median_figures(dense), "", "figures in such a text, median"),
        "evidence_ms": Figure(round(_evidence_ms(scripted), 1), "ms", "to gather the evidence of eight usual results"),
        "evidence_ms_max": Figure(
            round(_longest_evidence_ms(), 1), "ms", "the same for eight results of 24,000 characters"
        ),
    }


def _texts(scripted: Sequence[Answer], *, with_prose: bool) -> Iterator[tuple[FigureCheck, str]]:
    """Yield a text of `CHARS` characters for each evidence, with its check.

    It has one wrong answer and then correct ones, each followed by a sentence without figures, or by the next one.
    """
    given = json.loads((FOLDER / "evidence.json").read_text(encoding="utf-8"))
    for name in given:
        own = [each for each in scripted if each["evidence"] == name]
        wrong = [each["answer"] for each in own if each["planted"]]
        correct = [each["answer"] for each in own if not each["planted"]]
        between = cycle(_PROSE) if with_prose else cycle(("",))
        text = ""
        for answer in cycle([wrong[0], *correct] if with_prose else correct):
            text += f"{answer} {next(between)}\n\n"
            if len(text) >= CHARS:
                break
        yield check_of(name, " ".join(dict.fromkeys(each["question"] for each in own))), text[:CHARS]


def _median_figures(texts: Sequence[tuple[FigureCheck, str]]) -> float:
    return statistics.median(len(check.check(text).checked) for check, text in texts)


def _least(check: FigureCheck, text: str) -> float:
    return min(_seconds(lambda: check.check(text)) for _ in range(ROUNDS))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _evidence_ms(scripted: Sequence[Answer]) -> float:
    whole = next(each for each in scripted if each["evidence"] == "whole")

    def gather() -> None:
        check_of.__wrapped__(whole["evidence"], whole["question"])

    return 1000 * min(_seconds(gather) for _ in range(ROUNDS))


def _longest_evidence_ms() -> float:
    given = json.loads((FOLDER / "evidence.json").read_text(encoding="utf-8"))["expenses"]
    result = json.loads(given["results"][0]["content"])
    rows = result["data"]["expenses"]
    results = []
    for number in range(_RESULTS):
        listed = [{**row, "amount": f"{number * 40 + at * 3}.{at % 100:02}"} for at, row in enumerate(rows * 10)]
        while len(content := json.dumps({**result, "data": {**result["data"], "expenses": listed}})) > _RESULT_CHARS:
            listed.pop()
        results.append({"tool": "list_expenses", "content": content})
    conventions = Conventions(given["locale"], given["currency"], date.fromisoformat(given["today"]))
    turn = messages(given["context"], "What did I buy?", results)
    return 1000 * min(_seconds(lambda: FigureCheck(gather_evidence(conventions, "", turn, 0))) for _ in range(3))


def _changes_marked(answer: Answer) -> Iterator[bool]:
    """Yield for each change of each figure whether the changed one is marked."""
    check, text = check_of(answer["evidence"], answer["question"]), answer["answer"]
    for figure in check.check(text).checked:
        if figure.kind not in _LISTED_KINDS:
            continue
        for written in changes(text[figure.start : figure.end], is_date=figure.kind is FigureKind.DATE):
            changed = text[: figure.start] + written + text[figure.end :]
            end = figure.start + len(written)
            yield any(each.start < end and each.end > figure.start for each in check.check(changed).uncovered)


def changes(figure: str, *, is_date: bool) -> Iterator[str]:
    """Yield a figure as written with other values: of a date another month, else other digits."""
    if is_date:
        yield from (figure.replace(month, other) for month, other in _MONTHS.items() if month in figure)
        return
    found = _NUMBER.search(figure)
    if found is None:
        return
    number = found[0]
    fraction = re.search(r"[.,](\d{1,2})$", number)
    places = len(fraction[1]) if fraction else 0
    digits = re.sub(r"\D", "", number)
    values = {round(int(digits) * factor) for factor in (1.1, 0.9, 1.25)} | {
        int(f"{int(digits[0]) % 9 + 1}{digits[1:]}")
    }
    for at in range(len(digits) - 1):
        if digits[at] != digits[at + 1] and digits[at + 1] != "0":
            values.add(int(digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]))
            break
    for value in sorted(values - {int(digits)}):
        whole = str(value).rjust(places + 1, "0")
        written = whole if fraction is None else f"{whole[:-places]}{fraction[0][0]}{whole[-places:]}"
        yield figure[: found.start()] + written + figure[found.end() :]
