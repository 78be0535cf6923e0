"""The report of a run: a page with tables, plots as SVG, and the figures as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import page
from bench.figures import machine, percentile
from load.records import Records
from load.sampling import Sample
from load.summary import Summary

_BUCKET_S = 5.0

_PLOTTED_FUNCTIONS = 8
"""Those with the most memory."""


def write_report(summary: Summary, records: Records, samples: Sequence[Sample], output: Path, profile: str) -> None:
    """Write report.md, result.json and the plots of a run into a folder of its scenario's name."""
    folder = output / summary.scenario.name
    folder.mkdir(parents=True, exist_ok=True)
    result = {"profile": profile, "machine": machine(), **_as_dict(summary)}
    (folder / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (folder / "report.md").write_text(render(summary, samples, profile), encoding="utf-8")
    _plot(records, samples, folder)
    verdict = "passed" if summary.is_passed else "FAILED"
    print(f"{summary.scenario.name}: {verdict}; see {folder / 'report.md'}", flush=True)
    for check in summary.checks:
        if not check.is_kept:
            print(f"  {check.name} is {check.value:g}, the bound is {check.bound:g}", flush=True)
    for sentence in summary.broken[:10]:
        print(f"  {sentence}", flush=True)


def record(summary: Summary, command: str) -> None:
    """Replace the line of a command in docs/load.json and docs/performance.md."""
    file = page.LOAD_FIGURES
    recorded: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    recorded[command] = {
        "command": command,
        "travellers": summary.scenario.users,
        "machine": machine(),
        "figures": summary.figures,
        "is_passed": summary.is_passed,
        "failed": [check.name for check in summary.checks if not check.is_kept],
    }
    file.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")
    page.write()


def render(summary: Summary, samples: Sequence[Sample], profile: str) -> str:
    """Return the report as Markdown."""
    scenario = summary.scenario
    about = machine()
    lines = [
        f"# Load test: {scenario.name}",
        "",
        f"{scenario.users} travellers, {scenario.messages} messages each in {scenario.seconds:g} s; Claude's stand-in"
        f" with the latency profile `{profile}`; {about['cores']} cores of {about['processor']},"
        f" Python {about['python']}, on {about['on']}. Times count from the moment at which a message was due.",
        "",
        f"**{'Passed' if summary.is_passed else 'Failed'}.** {summary.throughput_per_s:g} answers a second,"
        f" {summary.goodput_per_s:g} within their target; Claude cost ${summary.cost_usd:g}.",
        "",
        "| criterion | value | bound | kept |",
        "| --- | ---: | ---: | --- |",
        *(f"| {c.name} | {c.value:g} | {c.bound:g} | {'yes' if c.is_kept else 'no'} |" for c in summary.checks),
        "",
        "| tier and kind, ms | count | p50 | p95 | p99 | max |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {name} | {row['count']:g} | {row['p50']:g} | {row['p95']:g} | {row['p99']:g} | {row['max']:g} |"
            for name, row in summary.percentiles.items()
        ),
        "",
        "| error | times |",
        "| --- | ---: |",
        *(f"| `{code or 'none'}` | {count} |" for code, count in summary.errors.items()),
        *(["", "| source | requests |", "| --- | ---: |"] if summary.upstream else []),
        *(f"| {name} | {count} |" for name, count in summary.upstream.items()),
        "",
        "| refused or failed, and sent again | times |",
        "| --- | ---: |",
        *(f"| `{code}` | {count} |" for code, count in summary.retried.items()),
        *(["", "Broken invariants:", "", *(f"- {sentence}" for sentence in summary.broken)] if summary.broken else []),
    ]
    if samples:
        connections = [sample.connections for sample in samples if sample.connections is not None]
        lines += ["", f"Connections to Postgres: at most {max(connections, default=0)}.", ""]
        lines += ["| function | environments, at most | memory of one, MiB, median | at the end |"]
        lines += ["| --- | ---: | ---: | ---: |", *_memory_rows(samples)]
    lines += ["", "![Times](times.svg)", "", "![Environments and memory](environments.svg)", ""]
    return "\n".join(lines)


def _memory_rows(samples: Sequence[Sample]) -> list[str]:
    rows = []
    for function in sorted({name for sample in samples for name in sample.environments}):
        own = [sample for sample in samples if function in sample.environments]
        each = [sample.memory_kib[function] / sample.environments[function] / 1024 for sample in own]
        most = max(sample.environments[function] for sample in own)
        rows.append(f"| {function} | {most} | {percentile(each, 50):.1f} | {each[-1]:.1f} |")
    return rows


def _as_dict(summary: Summary) -> dict[str, Any]:
    return {**asdict(summary), "is_passed": summary.is_passed}


def _plot(records: Records, samples: Sequence[Sample], folder: Path) -> None:
    import matplotlib as mpl  # a tenth of a second that only reports need

    mpl.use("svg")
    from matplotlib import pyplot as plt

    plt.rcParams["svg.hashsalt"] = folder.name
    figure, axes = plt.subplots(figsize=(9, 4))
    for tier in (1, 2, 3):
        buckets: dict[int, list[float]] = {}
        for message in records.messages:
            if message.end == "done" and message.answered_tier == tier:
                buckets.setdefault(int(message.due_s // _BUCKET_S), []).append(message.done_ms)
        times = sorted(buckets)
        axes.plot([t * _BUCKET_S for t in times], [percentile(buckets[t], 95) for t in times], label=f"tier {tier}")
    axes.set(xlabel="time of the run, s", ylabel="whole answer, ms, 95th percentile", yscale="log")
    axes.legend()
    figure.savefig(folder / "times.svg", metadata={"Date": None})
    plt.close(figure)
    figure, (upper, lower) = plt.subplots(2, figsize=(9, 6), sharex=True)
    at = [sample.at_s for sample in samples]
    upper.plot(at, [sum(sample.environments.values()) for sample in samples], label="environments")
    upper.plot(at, [sample.connections for sample in samples], label="connections to Postgres")
    upper.legend()
    peaks = {name: max(s.memory_kib.get(name, 0) for s in samples) for each in samples for name in each.memory_kib}
    for function in sorted(peaks, key=lambda name: -peaks[name])[:_PLOTTED_FUNCTIONS]:
        values = [sample.memory_kib.get(function, 0) / 1024 for sample in samples]
        lower.plot(at, values, linewidth=0.8, label=function)
    upper.set(ylabel="count")
    lower.set(xlabel="time of the run, s", ylabel="memory of all environments, MiB")
    lower.legend(fontsize="small")
    figure.savefig(folder / "environments.svg", metadata={"Date": None})
    plt.close(figure)
