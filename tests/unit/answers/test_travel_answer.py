"""The provenance of an answer that rests on several facts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from pam.answers.sourced import Sourced
from pam.answers.travel_answer import travel_provenance
from pam.users.profile import default_profile

NOW = datetime(2026, 11, 22, 17, 15, tzinfo=UTC)
PROFILE = default_profile(uuid4())
SIMULATED_USER = replace(PROFILE, simulated=True)
ROAD = Sourced("a road", "Mapbox", simulated=False, as_of=NOW - timedelta(hours=2), cached=True)
PLACE = Sourced("a town", "Mapbox", simulated=False, as_of=NOW - timedelta(days=60), cached=True, lasting=True)
PRICE = Sourced("a price", "EIA (simulated)", simulated=True, as_of=NOW, cached=False)


def test_oldest_fact_that_is_not_lasting_dates_the_answer() -> None:
    """An old map doesn't make an answer old; each source is named once, in order."""
    provenance = travel_provenance(PROFILE, NOW, PLACE, ROAD, PRICE)
    assert provenance["as_of"] == "2026-11-22T08:15:00-07:00"
    assert provenance["source"] == "Mapbox, EIA (simulated)"
    assert (provenance["cached"], provenance["stale"], provenance["age_s"]) == (False, False, None)


def test_answer_without_facts_is_computed_now() -> None:
    """It is neither cached nor simulated."""
    provenance = travel_provenance(PROFILE, NOW)
    assert provenance["source"] == "Computed from what you said"
    assert (provenance["as_of"], provenance["cached"]) == ("2026-11-22T10:15:00-07:00", False)
    assert provenance["simulated"] is False


@pytest.mark.parametrize(
    ("provenance", "simulated"),
    [
        (travel_provenance(PROFILE, NOW, ROAD), False),
        (travel_provenance(PROFILE, NOW, ROAD, PRICE), True),
        (travel_provenance(PROFILE, NOW, ROAD, own="Rosie (your rig)"), False),
        (travel_provenance(SIMULATED_USER, NOW, ROAD, own="Rosie (your rig)"), True),
        (travel_provenance(SIMULATED_USER, NOW, ROAD), False),
    ],
)
def test_one_simulated_source_makes_the_answer_simulated(provenance: dict, simulated: bool) -> None:
    """So does what is a simulated user's own; a real source alone doesn't, whoever the user is."""
    assert provenance["simulated"] is simulated


def test_stale_fact_makes_the_answer_stale() -> None:
    """The age is the greatest of its facts'."""
    provenance = travel_provenance(PROFILE, NOW, replace(ROAD, age_s=60), replace(PRICE, age_s=90))
    assert (provenance["stale"], provenance["age_s"], provenance["reason"]) == (True, 90, "source_unavailable")


def test_map_keeps_the_source() -> None:
    """A fact that is derived from another has its source, age and date."""
    assert replace(PLACE, age_s=5).map(len) == replace(PLACE, value=6, age_s=5)
