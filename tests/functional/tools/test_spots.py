"""Favorite spots: at real places, each once, taken back within ten minutes."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from pam.platform.errors import PamError
from pam.tools.catalog.places import save_favorite_spot
from tests.functional.tools.conftest import Caller


def kept(owner: psycopg.Connection, user_id: uuid.UUID) -> list[tuple[object, ...]]:
    return owner.execute(
        "select name, place, kind, notes, rating from favorite_spots where user_id = %s order by name", (user_id,)
    ).fetchall()


def refusal(caller: Caller, raw: str) -> str:
    with pytest.raises(PamError) as refused:
        caller.does(save_favorite_spot, raw)
    return refused.value.error.code


def test_a_spot_is_kept_at_a_real_place(caller: Caller, owner: psycopg.Connection) -> None:
    """Under its full name and with its degrees, from a named source."""
    told = caller.does(
        save_favorite_spot,
        '{"name": "Red cliffs", "place": "Moab", "category": "scenic", "notes": "Dusk.\\nWater.", "rating": 5}',
    )
    assert told.text == "“Red cliffs” at Moab, Utah, United States is among your favorite spots."
    assert told.data["saved"] is True and 38 < told.data["latitude"] < 39
    assert told.source == "Your favorite spots in PAM, Mapbox (simulated)"
    assert kept(owner, caller.id) == [("Red cliffs", "Moab, Utah, United States", "scenic", "Dusk.\nWater.", 5)]


def test_the_same_spot_again_is_told_and_not_doubled(caller: Caller, owner: psycopg.Connection) -> None:
    """By name and place, whatever the case and however the place is named; elsewhere it is another spot."""
    caller.does(save_favorite_spot, '{"name": "Red cliffs", "place": "Moab", "rating": 5}')
    again = caller.does(save_favorite_spot, '{"name": "red CLIFFS", "place": "Moab, Utah", "rating": 1}')
    assert again.data["saved"] is False and again.effect is not None and again.effect.undo_until is None
    assert again.text.endswith("is among your favorite spots already: nothing changed.")
    caller.does(save_favorite_spot, '{"name": "Red cliffs", "place": "Durango, Colorado"}')
    assert [rating for *_, rating in kept(owner, caller.id)] == [5, None]


def test_of_many_at_once_one_is_kept(caller: Caller, owner: psycopg.Connection) -> None:
    """And the others are told so."""
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(lambda _: caller.does(save_favorite_spot, '{"name": "X", "place": "Moab"}'), range(8)))
    assert sorted(one.data["saved"] for one in told) == [False] * 7 + [True]
    assert len(kept(owner, caller.id)) == 1


def test_where_the_device_is_can_be_kept(caller: Caller, owner: psycopg.Connection) -> None:
    """Under its degrees, since “here” is somewhere else tomorrow; without a position it's asked for."""
    caller.located(38.5, -109.5).does(save_favorite_spot, '{"name": "Camp", "place": "here"}')
    assert kept(owner, caller.id)[0][1] == "38.5000, -109.5000"
    assert refusal(caller, '{"name": "Camp", "place": "here"}') == "location_needed"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ('{"name": "X"}', "invalid_request"),
        ('{"name": "", "place": "Moab"}', "invalid_text"),
        ('{"name": "X\\u202e", "place": "Moab"}', "invalid_text"),
        ('{"name": "X\\u0000", "place": "Moab"}', "invalid_text"),
        ('{"name": "X", "place": "Moab", "notes": "' + "x" * 1001 + '"}', "invalid_text"),
        ('{"name": "X", "place": "Moab", "rating": 0}', "invalid_request"),
        ('{"name": "X", "place": "Moab", "rating": 6}', "invalid_request"),
        ('{"name": "X", "place": "Moab", "rating": 4.5}', "invalid_request"),
        ('{"name": "X", "place": "Moab", "category": "casino"}', "invalid_request"),
        ('{"name": "X", "place": "Moab", "user_id": "1"}', "invalid_request"),
        ('{"name": "X", "place": "Xyzzyville"}', "unknown_place"),
        ('{"name": "X", "place": "Springfield"}', "ambiguous_place"),
    ],
)
def test_what_is_no_spot_is_refused_and_nothing_is_kept(
    caller: Caller, owner: psycopg.Connection, raw: str, code: str
) -> None:
    """With a code of its own, before anything is written."""
    assert refusal(caller, raw) == code
    assert kept(owner, caller.id) == []


def test_undo_forgets_it_twice_is_once_and_late_is_refused(
    new_caller: Callable[..., Caller], owner: psycopg.Connection
) -> None:
    """The second time tells the same; after ten minutes it stays; nobody else can."""
    now = datetime.now(UTC)
    caller, other = new_caller(lambda: now), new_caller(lambda: now)
    told = caller.does(save_favorite_spot, '{"name": "X", "place": "Moab"}')
    with pytest.raises(PamError, match="nothing like that"):
        other.undoes(told, save_favorite_spot)
    first, second = caller.undoes(told, save_favorite_spot), caller.undoes(told, save_favorite_spot)
    assert first == second and first == "“X” is no favorite spot any more."
    assert kept(owner, caller.id) == []
    told = caller.does(save_favorite_spot, '{"name": "X", "place": "Moab"}')
    now += timedelta(minutes=10, seconds=1)
    with pytest.raises(PamError, match="ten minutes"):
        caller.undoes(told, save_favorite_spot)
    assert len(kept(owner, caller.id)) == 1
