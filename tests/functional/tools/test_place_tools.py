"""The tool that saves favorite spots: at places of the map, each once, with an undo."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from pam.tools.catalog.places import save_favorite_spot
from tests.functional.tools.conftest import Caller, error_of


def read_spots(owner: psycopg.Connection, user_id: uuid.UUID) -> list[tuple[object, ...]]:
    return owner.execute(
        "select name, place, kind, notes, rating from favorite_spots where user_id = %s order by name", (user_id,)
    ).fetchall()


def error_code(caller: Caller, raw: str) -> str:
    return error_of(lambda: caller.call(save_favorite_spot, raw)).error.code


def test_spot_is_saved_at_a_place_of_the_map(caller: Caller, owner: psycopg.Connection) -> None:
    """With its full name and coordinates, from a named source."""
    result = caller.call(
        save_favorite_spot,
        '{"name": "Red cliffs", "place": "Moab", "category": "scenic", "notes": "Dusk.\\nWater.", "rating": 5}',
    )
    assert result.text == "“Red cliffs” at Moab, Utah, United States is among your favorite spots."
    assert result.data["saved"] is True and 38 < result.data["latitude"] < 39
    assert result.source == "Your favorite spots in PAM, Mapbox (simulated)"
    assert read_spots(owner, caller.id) == [("Red cliffs", "Moab, Utah, United States", "scenic", "Dusk.\nWater.", 5)]


def test_saved_spot_is_not_saved_again(caller: Caller, owner: psycopg.Connection) -> None:
    """With the same name and place, in upper or lower case; at another place it is another spot."""
    caller.call(save_favorite_spot, '{"name": "Red cliffs", "place": "Moab", "rating": 5}')
    again = caller.call(save_favorite_spot, '{"name": "red CLIFFS", "place": "Moab, Utah", "rating": 1}')
    assert again.data["saved"] is False and again.effect is not None and again.effect.undo_until is None
    assert again.text.endswith("is among your favorite spots already: nothing changed.")
    caller.call(save_favorite_spot, '{"name": "Red cliffs", "place": "Durango, Colorado"}')
    assert [rating for *_, rating in read_spots(owner, caller.id)] == [5, None]


def test_concurrent_calls_save_one_spot(caller: Caller, owner: psycopg.Connection) -> None:
    """The others return that it is saved already."""
    with ThreadPoolExecutor(8) as threads:
        raw = '{"name": "X", "place": "Moab"}'
        results = list(threads.map(lambda _: caller.call(save_favorite_spot, raw), range(8)))
    assert sorted(result.data["saved"] for result in results) == [False] * 7 + [True]
    assert len(read_spots(owner, caller.id)) == 1


def test_location_of_the_device_is_saved_as_coordinates(caller: Caller, owner: psycopg.Connection) -> None:
    """Since “here” is another place tomorrow; without a location it is an error."""
    caller.located(38.5, -109.5).call(save_favorite_spot, '{"name": "Camp", "place": "here"}')
    assert read_spots(owner, caller.id)[0][1] == "38.5000, -109.5000"
    assert error_code(caller, '{"name": "Camp", "place": "here"}') == "location_needed"


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
        ('{"name": "X", "place": "Moab", "rating": "5"}', "invalid_request"),
        ('{"name": "X", "place": "Moab", "rating": true}', "invalid_request"),
        ('{"name": "X", "place": "Moab", "category": "casino"}', "invalid_request"),
        ('{"name": "X", "place": "Moab", "user_id": "1"}', "invalid_request"),
        ('{"name": "X", "place": "Xyzzyville"}', "unknown_place"),
        ('{"name": "X", "place": "Springfield"}', "ambiguous_place"),
    ],
)
def test_invalid_spot_is_rejected_and_not_saved(caller: Caller, owner: psycopg.Connection, raw: str, code: str) -> None:
    """With an error code of its own, before anything is written."""
    assert error_code(caller, raw) == code
    assert read_spots(owner, caller.id) == []


def test_undo_deletes_the_spot_within_ten_minutes(new_caller: Callable[..., Caller], owner: psycopg.Connection) -> None:
    """Repeated, it returns the same; another user can not undo it."""
    now = datetime.now(UTC)
    caller, other = new_caller(lambda: now), new_caller(lambda: now)
    result = caller.call(save_favorite_spot, '{"name": "X", "place": "Moab"}')
    assert error_of(lambda: other.undo(result, save_favorite_spot)).error.code == "effect_not_found"
    first, second = caller.undo(result, save_favorite_spot), caller.undo(result, save_favorite_spot)
    assert first == second and first == "“X” is no favorite spot any more."
    assert read_spots(owner, caller.id) == []
    result = caller.call(save_favorite_spot, '{"name": "X", "place": "Moab"}')
    now += timedelta(minutes=10, seconds=1)
    assert error_of(lambda: caller.undo(result, save_favorite_spot)).error.code == "undo_expired"
    assert len(read_spots(owner, caller.id)) == 1
