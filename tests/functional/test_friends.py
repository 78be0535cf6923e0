"""Profiles and friendships over HTTP: requested by name, accepted, declined, withdrawn and ended."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import Traveller


@pytest.fixture
def named(new_traveller: Callable[[], Traveller]) -> Callable[..., Traveller]:
    """Make travellers with a name of their own, and a profile."""

    def make(name: str, **profile: Any) -> Traveller:
        traveller = new_traveller()
        reply = traveller.http.patch("/v1/profile", json={"name": name} | profile)
        assert reply.status_code == 200, reply.text
        return traveller

    return make


@pytest.fixture
def surname() -> str:
    """A surname of this test alone: names are unique in the database."""
    return "T" + uuid.uuid4().hex[:12]


@pytest.fixture
def pair(named: Callable[..., Traveller], surname: str) -> tuple[Traveller, Traveller]:
    """Ann, and Bob who has a bio."""
    return named(f"Ann {surname}"), named(f"Bob {surname}", bio="Solar and sourdough.", rig_type="Van", rig_year=2019)


def ask(traveller: Traveller, name: str, **headers: str) -> Any:
    return traveller.http.post("/v1/friends", json={"name": name}, headers=headers)


def accept(traveller: Traveller, other: Traveller) -> Any:
    return traveller.http.patch(f"/v1/friends/{other.id}", json={"accepted": True})


def friends(traveller: Traveller) -> dict[str, list[str]]:
    """Return the ids of a traveller's friends and requests, by what they are."""
    reply = traveller.http.get("/v1/friends")
    assert reply.status_code == 200, reply.text
    return {kind: [each["id"] for each in reply.json()[kind]] for kind in ("friends", "incoming", "outgoing")}


def test_new_travellers_profile_is_empty(traveller: Traveller) -> None:
    """With the narrow defaults of a new profile."""
    answer = traveller.http.get("/v1/profile", params={"timezone": "Europe/Berlin"}).json()
    assert (answer["name"], answer["bio"], answer["rig_year"]) == (None, "", None)
    assert answer["text"] == "You show no name to others yet."
    assert answer["privacy"]["who_sees_profile"] == "friends"
    assert answer["as_of"][-6:] in ("+01:00", "+02:00")


def test_profile_is_changed_once_for_a_key_and_undone(traveller: Traveller, surname: str) -> None:
    """By the link of the answer; another change under the same key is refused."""
    headers = {"idempotency-key": uuid.uuid4().hex}
    body = {"name": f"Ann {surname}", "bio": "Two dogs.", "who_may_write": "nobody"}
    first, again = (traveller.http.patch("/v1/profile", json=body, headers=headers).json() for _ in range(2))
    assert first == again
    stored = traveller.http.get("/v1/profile").json()
    assert (stored["name"], stored["bio"], stored["privacy"]["who_may_write"]) == tuple(body.values())
    other = traveller.http.patch("/v1/profile", json={"bio": "One dog."}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    undone = traveller.http.delete(first["undo"]["href"])
    assert (undone.status_code, undone.json()["text"]) == (200, "Your profile is as it was before.")
    assert traveller.http.get("/v1/profile").json()["name"] is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_request"),
        ({"name": " "}, "invalid_text"),
        ({"bio": "x" * 501}, "invalid_text"),
        ({"rig_year": 1850}, "invalid_request"),
        ({"rig_year": "2020"}, "invalid_request"),
        ({"rig_year": True}, "invalid_request"),
        ({"rig_year": 2099}, "date_in_future"),
        ({"who_sees_profile": "public"}, "invalid_request"),
        ({"who_sees_profile": "nobody"}, "profile_needed"),
        ({"simulated": True}, "invalid_request"),
    ],
)
def test_invalid_change_is_rejected(traveller: Traveller, body: dict[str, Any], code: str) -> None:
    """With the code of its field."""
    reply = traveller.http.patch("/v1/profile", json=body)
    assert (reply.status_code, reply.json()["code"]) == (422, code)


def test_request_is_accepted_and_both_are_friends(pair: tuple[Traveller, Traveller], surname: str) -> None:
    """Before that, the one who asks sees only the name; the name is found in any case."""
    ann, bob = pair
    asked = ask(ann, f"bob {surname.lower()}")
    assert asked.status_code == 201
    assert asked.json()["text"] == f"Bob {surname} was asked, and can accept or decline."
    assert (asked.json()["friend"]["state"], asked.json()["friend"]["bio"]) == ("outgoing", "")
    assert friends(ann) == {"friends": [], "incoming": [], "outgoing": [str(bob.id)]}
    assert friends(bob) == {"friends": [], "incoming": [str(ann.id)], "outgoing": []}
    assert accept(ann, bob).json()["code"] == "friendship_not_found", "nobody accepts for another"
    accepted = accept(bob, ann)
    assert (accepted.status_code, accepted.json()["text"]) == (200, f"You and Ann {surname} are friends.")
    assert friends(ann)["friends"] == [str(bob.id)] and friends(bob)["friends"] == [str(ann.id)]
    [seen] = ann.http.get("/v1/friends").json()["friends"]
    assert (seen["bio"], seen["rig_type"], seen["rig_year"]) == ("Solar and sourdough.", "Van", 2019)
    bob.http.patch("/v1/profile", json={"who_sees_profile": "nobody"})
    assert ann.http.get("/v1/friends").json()["friends"][0]["bio"] == ""


def test_request_is_declined_withdrawn_and_asked_again(pair: tuple[Traveller, Traveller], surname: str) -> None:
    """A friendship is ended by either."""
    ann, bob = pair
    ask(ann, f"Bob {surname}")
    declined = bob.http.delete(f"/v1/friends/{ann.id}")
    assert (declined.status_code, declined.json()["text"]) == (200, f"The request of Ann {surname} is declined.")
    assert friends(ann) == friends(bob) == {"friends": [], "incoming": [], "outgoing": []}
    ask(ann, f"Bob {surname}")
    withdrawn = ann.http.delete(f"/v1/friends/{bob.id}")
    assert withdrawn.json()["text"] == f"Your request to Bob {surname} is withdrawn."
    assert accept(bob, ann).status_code == 404
    ask(ann, f"Bob {surname}")
    accept(bob, ann)
    ended = ann.http.delete(f"/v1/friends/{bob.id}")
    assert ended.json()["text"] == f"You and Bob {surname} are no friends any more."
    assert friends(ann) == friends(bob) == {"friends": [], "incoming": [], "outgoing": []}


def test_repeated_request_changes_nothing(pair: tuple[Traveller, Traveller], surname: str) -> None:
    """The answer says how the two stand, also to the one who was asked."""
    ann, bob = pair
    headers = {"idempotency-key": uuid.uuid4().hex}
    assert ask(ann, f"Bob {surname}", **headers).json() == ask(ann, f"Bob {surname}", **headers).json()
    assert ask(ann, f"Bob {surname}").json()["friend"]["state"] == "outgoing"
    assert friends(bob)["incoming"] == [str(ann.id)]
    assert ask(bob, f"Ann {surname}").json()["text"] == f"Ann {surname} has asked you already: you can accept."
    accept(bob, ann)
    assert ask(ann, f"Bob {surname}").json()["text"] == f"Bob {surname} is your friend already."
    assert accept(bob, ann).json()["friend"]["state"] == "friend"


def test_request_needs_a_name_and_another_traveller(
    traveller: Traveller, named: Callable[..., Traveller], surname: str
) -> None:
    """Part of a name finds nobody; ids that are malformed, unknown or of a stranger are answered alike."""
    ann = named(f"Ann {surname}")
    assert ask(traveller, f"Ann {surname}").json()["code"] == "profile_needed"
    for name in (f"Ann {surname}", surname, f"Nobody {surname}"):
        reply = ask(ann, name)
        assert (reply.status_code, reply.json()["code"], reply.json()["field"]) == (404, "user_not_found", "name")
    answers = [
        (reply.status_code, reply.json())
        for other in (traveller.id, uuid.uuid4(), ann.id, "x")
        for reply in (
            ann.http.delete(f"/v1/friends/{other}"),
            ann.http.patch(f"/v1/friends/{other}", json={"accepted": True}),
        )
    ]
    assert all(answer == answers[0] for answer in answers) and answers[0][1]["code"] == "friendship_not_found"
    refused = ann.http.patch(f"/v1/friends/{traveller.id}", json={"accepted": False})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")


def test_simultaneous_requests_make_one(pair: tuple[Traveller, Traveller], surname: str) -> None:
    """In whichever direction; the other of the two is told to accept."""
    ann, bob = pair
    with ThreadPoolExecutor(2) as threads:
        for _ in range(5):
            replies = [
                future.result()
                for future in (
                    threads.submit(ask, ann, f"Bob {surname}"),
                    threads.submit(ask, bob, f"Ann {surname}"),
                )
            ]
            assert sorted(reply.json()["friend"]["state"] for reply in replies) == ["incoming", "outgoing"]
            ann.http.delete(f"/v1/friends/{bob.id}").raise_for_status()
