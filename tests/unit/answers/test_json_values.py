"""Typed answers as JSON: every dataclass of an answer survives the cache, and JSON of another shape is recognised."""

import json
from dataclasses import dataclass, replace

import pytest

from pam.answers.date_range import PeriodRange
from pam.answers.json_values import from_json, to_json
from pam.answers.savings_total import SavingsByKind, SavingsTotal
from pam.answers.spend_summary import CategorySum
from pam.money.categories import Category

ANSWER = SavingsTotal(
    text="You've saved $3.00.",
    source="Your expenses in PAM",
    simulated=True,
    as_of="2026-11-22T10:15:30-07:00",
    window=PeriodRange(from_="2026-11-01", to="2026-12-01", period="this_month", time_zone="America/Denver"),
    currency="USD",
    total="3.00",
    count=1,
    by_kind=(SavingsByKind(kind="gas", total="3.00", count=1),),
    converted=(),
    other_currencies=(),
)


@dataclass(frozen=True)
class Shelf:
    """A dataclass with an optional dataclass and an optional scalar."""

    best: CategorySum | None
    note: str | None = None


def test_answer_survives_its_json() -> None:
    """Nested dataclasses, tuples, enums and keyword fields are what they were."""
    assert from_json(SavingsTotal, json.loads(json.dumps(to_json(ANSWER)))) == ANSWER
    shelf = Shelf(CategorySum(category=Category.FUEL, total="1.00", count=1, share=1.0))
    restored = from_json(Shelf, to_json(shelf))
    assert restored == shelf and isinstance(restored.best.category, Category)


def test_fields_have_their_json_names() -> None:
    """`from_` is `from`; what is None is null, and left out where None is the default."""
    converted = ANSWER.as_json()
    assert converted["window"]["from"] == "2026-11-01" and "from_" not in converted["window"]
    assert converted["tier"] == 1 and converted["stale"] is False
    assert "age_s" not in converted
    assert to_json(Shelf(None)) == {"best": None}


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "text",
        {},
        {"best": {"category": "fuel"}},
        {"best": {"category": "boats", "total": "1.00", "count": 1, "share": 1.0}},
        {"best": None, "worst": None},
    ],
)
def test_json_of_another_shape_is_rejected(value: object) -> None:
    """A missing or unknown field, or a value of another type, is a ValueError."""
    with pytest.raises(ValueError, match=r"not a Shelf|not a valid Category"):
        from_json(Shelf, value)


def test_etag_depends_on_the_figures_only() -> None:
    """Other figures have another ETag; the same figures read later have the same."""
    later = replace(ANSWER, as_of="2026-11-22T11:00:00-07:00", cached=True)
    assert later.etag == ANSWER.etag
    assert replace(ANSWER, total="4.00").etag != ANSWER.etag
    stale = replace(ANSWER, stale=True, age_s=60, reason="database_unavailable")
    assert stale.etag not in (ANSWER.etag, replace(ANSWER, stale=False).etag)
    assert replace(stale, age_s=90).etag == stale.etag
