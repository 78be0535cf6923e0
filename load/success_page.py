"""`python -m load.success_page`: write docs/success.md, the success table of the specification with what was measured.

The figures are those of docs/figures.json, docs/load.json and docs/screen_model_card.md; what is computed from several
of them says how. Nothing is measured here.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.figures import DOCS, FIGURES
from load.capacity import Prices, read_measured
from load.cost_page import FixedPrices, count_fixed, per_thousand_messages

PAGE = DOCS / "success.md"
LOAD_FIGURES = DOCS / "load.json"
MODEL_CARD = DOCS / "screen_model_card.md"

STEADY = "make load SCENARIO=steady"
BURST = "make load SCENARIO=burst"
QUESTIONS_A_DAY = 1000
"""The number of questions of the specification's costs."""
_DAYS = 30


@dataclass(frozen=True)
class Record:
    """What was recorded: benchmarks and load tests as their files have them, and the text of the model card."""

    benchmarks: Mapping[str, Any]
    runs: Mapping[str, Any]
    model_card: str

    def bench(self, benchmark: str, figure: str) -> float | None:
        """Return a benchmark's figure; None where it isn't recorded."""
        found = self.benchmarks.get(benchmark, {}).get("figures", {}).get(figure)
        return None if found is None else float(found["value"])

    def load(self, figure: str, run: str = STEADY) -> float | None:
        """Return a load test's figure; None where it isn't recorded."""
        found = self.runs.get(run, {}).get("figures", {}).get(figure)
        return None if found is None else float(found)

    def unseen_attacks(self) -> float | None:
        """Return the percentage of the suite's attacks that are handled by models that weren't trained with them."""
        found = re.search(r"^\| attacks: suite \|[^|]*\|[^|]*\| ([\d.]+) % \|$", self.model_card, re.MULTILINE)
        return float(found[1]) if found else None


@dataclass(frozen=True)
class Criterion:
    """A row: the target of the specification, how its figure is found, and what remains for production."""

    name: str
    was: str
    """Before, as the specification has it. Most of it was never measured."""
    target: str
    bound: float | None
    """None where only production can tell."""
    measure: Callable[[Record], float | None]
    unit: str
    command: str
    about: str
    """What the figure is of, and what it assumes."""
    in_production: str
    is_minimum: bool = False
    """Whether the figure has to reach the bound, instead of staying within it."""

    def verdict(self, record: Record) -> str:
        """Return `met` or `not met`; `in production` where only that tells, `not recorded` without a figure."""
        if self.bound is None:
            return "in production"
        value = self.measure(record)
        if value is None:
            return "not recorded"
        return "met" if (value >= self.bound if self.is_minimum else value <= self.bound) else "**not met**"

    def value(self, record: Record) -> str:
        """Return the figure with its unit, or a dash."""
        found = self.measure(record)
        if found is None:
            return "–"
        number = f"{found:,.0f}" if abs(found) >= 100 else f"{found:.3g}"
        return f"${number}" if self.unit == "$" else f"{number} {self.unit}".strip()


def _unknown(_record: Record) -> None:
    return None


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _all(*values: float | None) -> tuple[float, ...] | None:
    return None if None in values else tuple(value for value in values if value is not None)


def _questions_for_claude(record: Record) -> float | None:
    share = record.load("share_without_model")
    return None if share is None else QUESTIONS_A_DAY * (1 - share)


def _model_calls(record: Record) -> float | None:
    found = _all(_questions_for_claude(record), record.bench("resources", "tier3_model_calls"))
    return None if found is None else found[0] * found[1]


def _tokens_a_call(record: Record) -> float | None:
    """Those that no cache had: the specification counts the same, "processed"."""
    found = _all(
        *(
            record.bench("resources", f"tier3_{each}")
            for each in ("uncached_tokens", "cache_write_tokens", "model_calls")
        )
    )
    return None if found is None else (found[0] + found[1]) / found[2]


def _prompt_tokens_a_call(record: Record) -> float | None:
    found = _all(*(record.bench("resources", f"tier3_{each}") for each in ("prompt_tokens", "model_calls")))
    return None if found is None else found[0] / found[1]


def _model_cost(record: Record) -> float | None:
    found = _all(_questions_for_claude(record), record.bench("resources", "tier3_cost_usd"))
    return None if found is None else found[0] * found[1] * _DAYS


def _infrastructure_cost(_record: Record) -> float:
    fixed = count_fixed("prod").usd(Prices(), FixedPrices())
    added = per_thousand_messages(read_measured())
    return sum(fixed.values()) + QUESTIONS_A_DAY / 1000 * _DAYS * (sum(added.values()) - added["Claude"])


_LATENCIES = "Claude's stand-in with the profile `seed`: an assumption about its latency, named in every table"
_DASHBOARD = "the widget `{}` of the dashboard"
_TIMES = _DASHBOARD.format("Time of an answer")
_FEEDBACK = "`pam feedback`: "

CRITERIA = (
    Criterion(
        "Average response time (P50)",
        "1,700 ms",
        "< 1,000 ms",
        1000,
        lambda r: r.load("p50_ms"),
        "ms",
        STEADY,
        f"100 travellers; to the first text of a streamed answer, to the whole of any other. {_LATENCIES}",
        _TIMES,
    ),
    Criterion(
        "95th percentile", "2,500 ms", "< 1,500 ms", 1500, lambda r: r.load("p95_ms"), "ms", STEADY, "the same", _TIMES
    ),
    Criterion(
        "95th percentile, whole answers",
        "–",
        "–",
        None,
        lambda r: r.load("whole_p95_ms"),
        "ms",
        STEADY,
        "to the last word of Claude's answers as well, which depends on their length",
        _TIMES,
    ),
    Criterion(
        "99th percentile",
        "3,500 ms",
        "< 2,000 ms",
        2000,
        lambda r: r.load("p99_ms"),
        "ms",
        STEADY,
        "the same as the 95th percentile",
        _TIMES,
    ),
    Criterion(
        "Answered without a model",
        "0 %",
        "60 %",
        60,
        lambda r: _percent(r.load("share_without_model")),
        "%",
        STEADY,
        "of the mix of the load tests, which is the specification's assumption about travellers",
        _DASHBOARD.format("Answered without a model"),
        is_minimum=True,
    ),
    Criterion(
        "Concurrent users with a P95 below 2 s",
        "unknown",
        "100+",
        2000,
        lambda r: r.load("p95_ms"),
        "ms",
        STEADY,
        "P95 with 100 users on the one machine of the record, which the load, the functions and Postgres share",
        "a load test of staging",
    ),
    Criterion(
        "Burst: 500 users in 10 s",
        "unknown",
        "P95 < 5,000 ms",
        5000,
        lambda r: r.load("p95_ms", BURST),
        "ms",
        BURST,
        "on the one machine of the record, where messages wait for its cores. On AWS an environment has its own share "
        "of a core",
        "`make load SCENARIO=burst` against staging",
    ),
    Criterion(
        "Injection detection, known attacks",
        "60 %",
        "95 %",
        95,
        lambda r: r.bench("safety", "attacks_handled_pct"),
        "%",
        "make bench NAME=safety",
        "blocked or restricted, with a judge that is right on 79 % of attacks by definition",
        "Gemini's own share",
        is_minimum=True,
    ),
    Criterion(
        "Injection detection, unseen attacks",
        "60 %",
        "95 %",
        95,
        Record.unseen_attacks,
        "%",
        "make train",
        "models trained without the attack suite ([model card](screen_model_card.md)). What isn't detected meets the "
        "policy of tools, row security and the scan of answers",
        "flagged messages, reviewed",
        is_minimum=True,
    ),
    Criterion(
        "False positives, messages that resemble attacks",
        "2–5 %",
        "< 0.5 %",
        0.5,
        lambda r: r.bench("safety", "harmless_blocked_pct"),
        "%",
        "make bench NAME=safety",
        "blocked",
        "flagged messages, reviewed",
    ),
    Criterion(
        "False positives, ordinary messages",
        "2–5 %",
        "< 0.5 %",
        0.5,
        lambda r: r.bench("safety", "ordinary_blocked_pct"),
        "%",
        "make bench NAME=safety",
        "blocked",
        "flagged messages, reviewed",
    ),
    Criterion(
        "Calls of Claude a day",
        "1,000",
        "400",
        400,
        _model_calls,
        "",
        "make bench NAME=resources",
        "of 1,000 questions: those for Claude in the load test's mix, times the calls of a question",
        "the widget `Request to a model, P95` has the number",
    ),
    Criterion(
        "Tokens processed in a call",
        "5,000",
        "2,000",
        2000,
        _tokens_a_call,
        "",
        "make bench NAME=resources",
        "written to the prompt cache, or not cached",
        _DASHBOARD.format("Tokens"),
    ),
    Criterion(
        "Tokens of a prompt",
        "5,000",
        "–",
        None,
        _prompt_tokens_a_call,
        "",
        "make bench NAME=resources",
        "with those that are read from the cache, at a tenth of the price",
        _DASHBOARD.format("Tokens"),
    ),
    Criterion(
        "Claude a month",
        "$450",
        "$50",
        50,
        _model_cost,
        "$",
        "make bench NAME=resources",
        "30 days of 1,000 questions, at the prices of `claude-haiku-5-5`, with the stand-in's short answers "
        "(`tier3_output_tokens`)",
        "`pam costs`",
    ),
    Criterion(
        "Infrastructure a month",
        "$50",
        "$50",
        50,
        _infrastructure_cost,
        "$",
        "python -m load.cost_page",
        "of 1,000 questions a day ([cost.md](cost.md)): most of it is there without a question",
        "the bill",
    ),
    Criterion(
        "Answers within a second",
        "–",
        "80 %",
        80,
        lambda r: _percent(r.load("share_under_1s")),
        "%",
        STEADY,
        f"whole answers. {_LATENCIES}",
        _DASHBOARD.format("Answers within a second"),
        is_minimum=True,
    ),
    Criterion(
        "Context recall accuracy",
        "–",
        "90 %",
        None,
        _unknown,
        "",
        "python -m pam.memory.evaluate",
        "measures recall on a file of conversations with questions; none is part of this repository",
        f"{_FEEDBACK}judged answers that weren't called forgetful",
    ),
    Criterion(
        "Repeated questions",
        "–",
        "< 5 %",
        None,
        _unknown,
        "",
        "pam feedback",
        "questions that were asked before within a week",
        f"{_FEEDBACK}the share of them",
    ),
    Criterion(
        '"PAM is slow" complaints',
        "–",
        "< 1 %",
        None,
        _unknown,
        "",
        "pam feedback",
        "the page asks below each answer",
        f"{_FEEDBACK}answers called slow",
    ),
)
"""The rows of the specification, those with two sides as two."""

_HEAD = """# Success criteria

Written by `python -m load.success_page` from the recorded figures: [figures.json](figures.json) and
[load.json](load.json), which [performance.md](performance.md) shows with their machine and day, and the
[model card](screen_model_card.md). "Before" and "target" are those of the specification; most of what was before
was never measured by its authors. The commands measure again; with `--record` they renew the record.

| criterion | before | target | measured | | command |
| --- | --- | --- | ---: | --- | --- |
"""


def render(record: Record) -> str:
    """Return the page."""
    rows = [
        f"| {each.name} | {each.was} | {each.target} | {each.value(record)} | {each.verdict(record)} |"
        f" `{each.command}` |\n"
        for each in CRITERIA
    ]
    notes = [f"| {each.name} | {each.about} | {each.in_production} |\n" for each in CRITERIA]
    return "".join(
        [
            _HEAD,
            *rows,
            "\n## What the figures are of, and where production shows them\n\n",
            "| criterion | the figure is of | in production |\n| --- | --- | --- |\n",
            *notes,
            "\nOnly production can tell how long Claude and Gemini take, how travellers phrase their questions and so\n"
            "what share is answered without a model, how often they ask, and what they think of the answers.\n",
        ]
    )


def read_record() -> Record:
    """Return the recorded figures."""
    runs = json.loads(LOAD_FIGURES.read_text("utf-8")) if LOAD_FIGURES.is_file() else {}
    return Record(json.loads(FIGURES.read_text("utf-8")), runs, MODEL_CARD.read_text("utf-8"))


if __name__ == "__main__":
    PAGE.write_text(render(read_record()), encoding="utf-8")
