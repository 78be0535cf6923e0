"""`python -m bench [--record] [NAME ...]`: run benchmarks and print their figures as JSON on the last line.

With --record, or without NAME, which runs all, each is written into docs/figures.json and docs/performance.md.
"""

import argparse
import importlib
import pkgutil
import sys

import bench
from bench import page
from bench.figures import Figure, as_json, record

_HARNESS = {"__main__", "figures", "memories", "page"}


def names() -> list[str]:
    """Return the names of the benchmarks: each module of this package that isn't part of the harness."""
    return sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if module.name not in _HARNESS)


def run(name: str) -> dict[str, Figure]:
    """Run one benchmark and print its figures, a line each."""
    print(f"{name}: {page.description(name)}\n", flush=True)
    figures: dict[str, Figure] = importlib.import_module(f"bench.{name}").run()
    for figure_name, figure in figures.items():
        print(f"  {figure_name:28} {figure.value:10g} {figure.unit:6} {figure.meaning}")
    return figures


def main() -> int:
    """Return 0; exit with 2 for a name that is no benchmark."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names()))
    parser.add_argument("--record", action="store_true", help="note the figures in docs/")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(names()):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(names())}")
    wanted = arguments.names or names()
    is_recorded = arguments.record or not arguments.names
    everything = {}
    for name in wanted:
        everything[name] = run(name)
        if is_recorded:
            # At once: the next one may fail.
            record(name, everything[name])
            page.write()
    print(
        "{" + ", ".join(f'"{name}": {as_json(figures)}' for name, figures in everything.items()) + "}"
        if len(everything) > 1
        else as_json(everything[wanted[0]])
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
