"""The router on sentences written before its templates: recall, exact slots, and near misses let through.

A line of `sentences/weather_*.txt` is `sentence | place | period | part_of_day | measure`, empty for none; `-` instead
of the values marks a question about the weather that goes to Claude by design: it counts as not recalled, and as false
if it gets a fast answer. `travel_*.txt` has `sentence | intent | slot=value …`, `near_misses_*.txt` only sentences
that must not be answered as weather.
"""

from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from pam.routing import Route, route

SENTENCES = Path(__file__).with_name("sentences")
SETS = ("first", "second")
_WEATHER_KEYS = ("place", "period", "part_of_day", "weather_measure")


def run() -> dict[str, Figure]:
    """Route every sentence of every set, and print those that are not as expected."""
    figures: dict[str, Figure] = {}
    for name in SETS:
        figures |= _recall(f"weather_{name}", _weather(name))
        figures |= _recall(f"travel_{name}", _travel(name))
        let_through = [text for text in _lines(f"near_misses_{name}.txt") if route(text).intent == "weather"]
        total = len(list(_lines(f"near_misses_{name}.txt")))
        for text in let_through:
            print(f"  near miss let through: {text}")
        figures[f"near_misses_{name}"] = Figure(
            len(let_through), "", f"near misses answered as weather, of {total} in the {name} set"
        )
    return figures


def _recall(name: str, expected: list[tuple[str, Route | None]]) -> dict[str, Figure]:
    found = {text: route(text) for text, _ in expected}
    recalled = [text for text, right in expected if right and found[text].intent == right.intent]
    exact = [text for text, right in expected if right and _values(found[text]) == _values(right)]
    false = [
        text for text, right in expected if found[text].tier < 3 and (not right or found[text].intent != right.intent)
    ]
    for text, right in expected:
        if text in false or (right and text not in exact):
            print(f"  {name}: {text}: {_values(found[text])}")
    return {
        f"{name}_recall": Figure(
            round(100 * len(recalled) / len(expected), 1), "%", f"sentences answered, of {len(expected)}"
        ),
        f"{name}_exact": Figure(
            round(100 * len(exact) / max(1, len(recalled)), 1), "%", "of those, with exactly the expected slots"
        ),
        f"{name}_false": Figure(len(false), "", "sentences answered as something else"),
    }


def _values(found: Route) -> tuple[str, dict[str, str | int | float]]:
    """Return the intent, and the slots with the details of a weather question."""
    details = {key: value for key, value in found.details.items() if key in _WEATHER_KEYS}
    return found.intent, found.slots | details


def _weather(name: str) -> list[tuple[str, Route | None]]:
    expected: list[tuple[str, Route | None]] = []
    for line in _lines(f"weather_{name}.txt"):
        text, *values = (part.strip() for part in line.split("|"))
        given = dict(zip(_WEATHER_KEYS, values, strict=False))
        slots = {key: value for key, value in given.items() if value}
        expected.append((text, None if values == ["-"] else Route(2, "weather", slots)))  # type: ignore[arg-type]
    return expected


def _travel(name: str) -> list[tuple[str, Route | None]]:
    expected: list[tuple[str, Route | None]] = []
    for line in _lines(f"travel_{name}.txt"):
        text, intent, pairs = (part.strip() for part in line.split("|"))
        slots = dict(_slot(pair) for pair in _split(pairs))
        expected.append((text, Route(2, intent, slots)))
    return expected


def _split(pairs: str) -> list[str]:
    """Split `origin=denver destination=salt lake city` at the slots' names."""
    found: list[str] = []
    for word in pairs.split():
        if "=" in word:
            found.append(word)
        else:
            found[-1] += f" {word}"
    return found


def _slot(pair: str) -> tuple[str, str | int | float]:
    name, value = pair.split("=")
    if name in ("amount", "distance", "radius", "consumption", "price", "limit"):
        number = float(value)
        return name, int(number) if number.is_integer() else number
    return name, value


def _lines(name: str) -> Iterator[str]:
    for line in (SENTENCES / name).read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield line.strip()
