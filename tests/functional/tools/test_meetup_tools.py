"""The tools to follow users, to share a place, to find who shares one, and to arrange an event."""

import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from pam.tools.catalog.community import follow_user
from pam.tools.catalog.events import create_event
from pam.tools.catalog.meetups import find_nearby_rvers, share_location
from pam.tools.engine.definition import EffectKind
from pam.tools.engine.results import result_json
from tests.functional.tools.community import Community
from tests.functional.tools.conftest import Caller, ManualClock, StandIn, error_of

MOAB = '{"place": "Moab, Utah", "audience": "public"}'
NEAR_MOAB = '{"place": "Moab, Utah"}'


def nearby(reader: Caller, raw: str = NEAR_MOAB) -> list[str]:
    """Return the names of those whom a reader finds."""
    return [each["name"] for each in reader.call(find_nearby_rvers, raw).data["travellers"]]


def share_at(
    community: Community, user: Caller, latitude: float, longitude: float, audience: str = "everybody"
) -> None:
    """Share a point past the tool."""
    community.owner.execute(
        "insert into shared_places (user_id, place, latitude, longitude, audience, expires_at)"
        " values (%s, 'Somewhere', %s, %s, %s, now() + interval '1 hour')",
        (user.id, latitude, longitude, audience),
    )


def test_tools_have_their_effects() -> None:
    assert find_nearby_rvers.returns_others_text
    effects = [tool.effect for tool in (follow_user, share_location, create_event)]
    assert effects == [EffectKind.OWN, EffectKind.OUTWARD, EffectKind.OUTWARD]


# ----------------------------------------------------------------------------------------------------------
# Follows
# ----------------------------------------------------------------------------------------------------------


def test_user_is_followed_and_unfollowed_by_the_public_name(community: Community) -> None:
    """Once, whatever its case; a repeated call changes nothing."""
    reader, star = community.join("Reader"), community.join("Star")
    name = community.name("Star")
    result = reader.call(follow_user, f'{{"user": "{name.upper()}"}}')
    assert result.text == f"You follow {name} now."
    assert (result.data, result.source) == ({"user": name, "following": True, "changed": True}, "PAM's community")
    again = reader.call(follow_user, f'{{"user": "{name}"}}')
    assert again.text == f"You follow {name} already: nothing changed."
    assert again.effect is not None and again.effect.undo_until is None
    assert [row[:2] for row in community.rows("follows", "follower", reader.id)] == [(reader.id, star.id)]
    assert reader.call(follow_user, '{"user": "Star", "unfollow": true}').text == f"You don't follow {name} any more."
    assert reader.call(follow_user, f'{{"user": "{name}", "unfollow": true}}').text == f"You didn't follow {name}."
    assert community.rows("follows", "follower", reader.id) == []


def test_undo_of_a_follow_and_of_its_end_restores_the_row(community: Community) -> None:
    """With its time; a follow that began anew since is kept."""
    clock = ManualClock(datetime(2026, 11, 22, 19, tzinfo=UTC))
    reader = community.join("Reader", clock)
    community.join("Star", clock)
    name = community.name("Star")
    raw, back = f'{{"user": "{name}"}}', f'{{"user": "{name}", "unfollow": true}}'
    followed = reader.call(follow_user, raw)
    rows = community.rows("follows", "follower", reader.id)
    clock.now += timedelta(minutes=1)
    ended = reader.call(follow_user, back)
    assert reader.undo(ended, follow_user) == f"You follow {name} again."
    assert community.rows("follows", "follower", reader.id) == rows
    reader.call(follow_user, back)
    reader.call(follow_user, raw)
    assert error_of(lambda: reader.undo(followed, follow_user)).error.code == "modified_since"
    reader.call(follow_user, back)
    assert reader.undo(followed, follow_user) == f"You don't follow {name} any more."
    assert community.rows("follows", "follower", reader.id) == []


def test_undo_does_not_follow_a_deleted_account(community: Community) -> None:
    reader, star = community.join("Reader"), community.join("Star")
    reader.call(follow_user, f'{{"user": "{community.name("Star")}"}}')
    ended = reader.call(follow_user, '{"user": "Star", "unfollow": true}')
    community.owner.execute("delete from users where id = %s", (star.id,))
    assert error_of(lambda: reader.undo(ended, follow_user)).error.code == "user_not_found"


def test_user_who_shows_nothing_is_not_found(community: Community) -> None:
    """With the same answer as a name that nobody has; nor is oneself. A friend is found, by a part of the name."""
    reader, hidden = community.join("Reader"), community.join("Hidden")
    community.set(hidden, who_sees_profile="nobody", who_sees_activity="friends", who_sees_place="friends")
    for first_name in ("Hidden", "Nobody"):
        name = community.name(first_name)
        error = error_of(lambda name=name: reader.call(follow_user, f'{{"user": "{name}"}}'))  # type: ignore[misc]
        assert (error.error.code, error.field) == ("user_not_found", "user")
        assert error.message == f"PAM finds nobody called “{name}” whom you can follow."
    own = error_of(lambda: reader.call(follow_user, f'{{"user": "{community.name("Reader")}"}}'))
    assert (own.error.code, own.message) == ("user_not_found", "That is you: you can follow somebody else.")
    community.set(hidden, who_sees_place="followers")
    assert reader.call(follow_user, f'{{"user": "{community.name("Hidden")}"}}').data["changed"] is True
    friend = community.join("Friend", who_sees_profile="nobody", who_sees_activity="nobody", who_sees_place="nobody")
    community.befriend(reader, friend)
    assert reader.call(follow_user, '{"user": "friend"}').data["user"] == community.name("Friend")


def test_user_who_became_invisible_can_be_unfollowed(community: Community) -> None:
    reader, star = community.join("Reader"), community.join("Star")
    reader.call(follow_user, f'{{"user": "{community.name("Star")}"}}')
    community.set(star, who_sees_profile="nobody", who_sees_activity="nobody", who_sees_place="nobody")
    reader.call(follow_user, '{"user": "Star", "unfollow": true}')
    assert community.rows("follows", "follower", reader.id) == []


def test_follower_needs_a_name(community: Community, caller: Caller) -> None:
    community.join("Star")
    error = error_of(lambda: caller.call(follow_user, f'{{"user": "{community.name("Star")}"}}'))
    assert error.error.code == "profile_needed"


def test_preview_of_a_follow_has_the_whole_name(community: Community) -> None:
    """As a turn with texts of others shows it."""
    reader, friend = community.join("Reader"), community.join("Friend")
    community.befriend(reader, friend)
    assert reader.preview(follow_user, '{"user": "friend"}') == f"Follow {community.name('Friend')}."
    reader.call(follow_user, '{"user": "friend"}')
    raw = '{"user": "friend", "unfollow": true}'
    assert reader.preview(follow_user, raw) == f"Follow {community.name('Friend')} no more."


def test_ambiguous_name_to_follow_is_rejected_with_the_choices(community: Community) -> None:
    reader = community.join("Reader")
    for name in ("Dan A", "Dan B"):
        community.befriend(reader, community.join(name))
    error = error_of(lambda: reader.call(follow_user, '{"user": "Dan"}'))
    assert (error.error.code, error.field) == ("ambiguous_recipient", "user")
    assert error.message == f"Which “Dan” do you mean: {community.name('Dan A')}; {community.name('Dan B')}?"


# ----------------------------------------------------------------------------------------------------------
# Shared places
# ----------------------------------------------------------------------------------------------------------


def test_place_is_shared_with_nobody_by_default(community: Community) -> None:
    """A profile alone shows none."""
    community.join("Ann", who_sees_place="everybody")
    reader = community.join("Reader")
    result = reader.call(find_nearby_rvers, '{"place": "Moab, Utah", "radius": 0.1}')
    assert result.text == "Nobody shares their place with you within 0.1 mi of Moab, Utah now."
    assert result.data["travellers"] == [] and result.data["count"] == 0
    assert result.source == "Mapbox (simulated), Places that travellers share in PAM"


def test_shared_place_is_previewed_and_found_nearby(community: Community) -> None:
    """By its position on the map; the reader's own isn't among them."""
    ann, reader = community.join("Ann", who_sees_place="everybody"), community.join("Reader")
    assert ann.preview(share_location, '{"place": "Moab, Utah", "audience": "public", "hours": 5}') == (
        f"Show your place, Moab, Utah, as “{community.name('Ann')}” to everybody who is signed in to PAM for 5 hours."
    )
    assert community.rows("shared_places", "user_id", ann.id) == []
    result = ann.in_zone("Asia/Tokyo").call(share_location, MOAB)
    assert "everybody who is signed in to PAM can see that you are at Moab, Utah, United States." in result.text
    until = datetime.fromisoformat(result.data["until"])
    assert until.utcoffset() == timedelta(hours=9)
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(hours=24)
    assert result.effect is not None and result.effect.undo_until is None
    found = reader.call(find_nearby_rvers, '{"place": "Moab, Utah", "radius": 1}')
    [item] = [each for each in found.data["travellers"] if each["name"] == community.name("Ann")]
    assert (item["place"], item["distance"]) == ("Moab, Utah, United States", 0.0)
    assert community.name("Ann") not in nearby(ann)


@pytest.mark.parametrize("setting", ["everybody", "followers", "friends"])
@pytest.mark.parametrize("audience", ["public", "followers", "friends"])
def test_shared_place_is_seen_by_those_whom_both_audience_and_settings_allow(
    community: Community, audience: str, setting: str
) -> None:
    """Friends belong to the followers; the preview names who that is."""
    ann = community.join("Ann", who_sees_place=setting)
    readers = {name: community.join(name) for name in ("Stranger", "Follower", "Friend")}
    community.owner.execute(
        "insert into follows (follower, followed) values (%s, %s)", (readers["Follower"].id, ann.id)
    )
    community.befriend(readers["Friend"], ann)
    raw = f'{{"place": "Moab, Utah", "audience": "{audience}", "hours": 1}}'
    preview = ann.preview(share_location, raw)
    data = ann.call(share_location, raw).data
    rank = min(
        ["friends", "followers", "everybody"].index(each.replace("public", "everybody")) for each in (audience, setting)
    )
    seen_by = ["Friend", "Follower", "Stranger"][: rank + 1]
    assert {name for name, reader in readers.items() if community.name("Ann") in nearby(reader)} == set(seen_by)
    words = ["your friends", "your followers and friends", "everybody who is signed in to PAM"][rank]
    narrowed = setting != audience.replace("public", "everybody") and data["seen_by"] == setting
    assert f"to {words}{' (your privacy settings show it to nobody else)' if narrowed else ''} for 1 hour." in preview
    community.set(ann, who_sees_place="nobody")
    assert all(community.name("Ann") not in nearby(reader) for reader in readers.values())


def test_sharing_ends_by_itself(community: Community) -> None:
    """When its hours are over, for readers of the row, too; a new place replaces the one before."""
    ann, reader = community.join("Ann", who_sees_place="everybody"), community.join("Reader")
    ann.call(share_location, '{"place": "Durango, Colorado", "audience": "friends", "hours": 168}')
    ann.call(share_location, MOAB)
    assert community.name("Ann") in nearby(reader)
    assert len(community.rows("shared_places", "user_id", ann.id)) == 1
    community.owner.execute(
        "update shared_places set shared_at = now() - interval '2 hours', expires_at = now() - interval '1 second'"
        " where user_id = %s",
        (ann.id,),
    )
    assert community.name("Ann") not in nearby(reader)
    with community.database.session(reader.id, reader.context.deadline) as connection:
        assert connection.execute("select 1 from shared_places where user_id = %s", (ann.id,)).fetchall() == []
    ended = ann.call(share_location, '{"place": "here", "audience": "friends", "hours": 0}')
    assert ended.text == "You didn't share your place."
    ann.call(share_location, MOAB)
    assert community.name("Ann") in nearby(reader)


def test_sharing_is_stopped_at_once(community: Community) -> None:
    """By no hours, without any place."""
    ann, reader = community.join("Ann", who_sees_place="everybody"), community.join("Reader")
    ann.call(share_location, MOAB)
    raw = '{"place": "here", "audience": "public", "hours": 0}'
    assert ann.preview(share_location, raw) == "Stop sharing your place."
    assert ann.call(share_location, raw).text == "Your place isn't shared any more."
    assert community.rows("shared_places", "user_id", ann.id) == []
    assert community.name("Ann") not in nearby(reader)


def test_location_of_the_device_is_shared_to_about_a_kilometre(community: Community) -> None:
    """As its preview says; without a location it is an error."""
    ann, reader = community.join("Ann", who_sees_place="everybody"), community.join("Reader")
    raw = '{"place": "here", "audience": "public"}'
    assert "Show your place, where you are to about a kilometre, as" in ann.preview(share_location, raw)
    assert ann.located(38.57321, -109.54987).call(share_location, raw).data["place"] == "38.57, -109.55"
    found = reader.located(38.57, -109.55).call(find_nearby_rvers, '{"place": "here", "radius": 1}')
    assert community.name("Ann") in [each["name"] for each in found.data["travellers"]]
    assert community.rows("shared_places", "user_id", ann.id)[0][2:4] == (38.57, -109.55)
    assert error_of(lambda: ann.call(share_location, raw)).error.code == "location_needed"
    assert error_of(lambda: reader.call(find_nearby_rvers, '{"place": "here"}')).error.code == "location_needed"


def test_sharing_needs_a_name_and_settings_that_allow_it(community: Community, caller: Caller) -> None:
    """Before the place is looked up; settings that change before the confirmation prevent it."""
    assert error_of(lambda: caller.call(share_location, MOAB)).error.code == "profile_needed"
    ann = community.join("Ann", who_sees_place="nobody")
    assert error_of(lambda: ann.call(share_location, MOAB)).error.code == "place_is_private"
    community.set(ann, who_sees_place="everybody")
    approved = ann.approve(share_location, MOAB)
    community.set(ann, who_sees_place="friends")
    refused = error_of(lambda: ann.call_approved(share_location, MOAB, approved))
    assert refused.error.code == "confirmation_mismatch"
    assert community.rows("shared_places", "user_id", ann.id) == []


def test_travellers_nearby_are_sorted_by_distance_within_the_radius(community: Community) -> None:
    """In the reader's units, across the 180th meridian, and not outside of the circle."""
    reader = community.join("Reader").located(-40.0, 179.95)
    points = {"East": (-40.0, -179.95), "Near": (-40.02, 179.95), "Corner": (-40.3, 179.6), "Far": (-40.0, 178.0)}
    for name, (latitude, longitude) in points.items():
        share_at(community, community.join(name, who_sees_place="everybody"), latitude, longitude)
    result = reader.call(find_nearby_rvers, '{"place": "here"}')
    found = [(each["name"].split()[0], each["distance"]) for each in result.data["travellers"]]
    assert found == [("Near", 1.4), ("East", 5.3)]
    assert result.data["unit"] == "mi" and result.data["radius"] == 25.0
    assert result.text == (
        "2 travellers sharing their place with you within 25 mi of where you are. "
        f"{community.name('Near')} (1.4 mi); {community.name('East')} (5.3 mi)."
    )
    metric = community.join("Metric").located(-40.0, 179.95)
    community.owner.execute("update users set units = 'metric' where id = %s", (metric.id,))
    result = metric.call(find_nearby_rvers, '{"place": "here", "radius": 50}')
    assert [each["distance"] for each in result.data["travellers"]] == [2.2, 8.5, 44.7]
    assert result.data["unit"] == "km"


def test_result_of_many_travellers_with_long_names_is_small(community: Community) -> None:
    """The nearest twenty, with the number of all."""
    reader = community.join("Reader").located(70.0, 10.0)
    for number in range(24):
        user = community.join(f"{number}{'ж' * 60}", who_sees_place="everybody")
        share_at(community, user, 70.0 + number / 1000, 10.0)
    community.owner.execute("update shared_places set place = repeat('ж', 500) where latitude between 70 and 71")
    result = reader.call(find_nearby_rvers, '{"place": "here"}')
    assert (len(result.data["travellers"]), result.data["count"]) == (20, 24)
    assert len(result_json(result).encode()) <= 8192


@pytest.mark.parametrize("mode", ["500", "cut", "429", "401"])
def test_failing_map_is_answered_as_such(community: Community, mapbox: StandIn, mode: str) -> None:
    """Nothing is shared, and nobody found."""
    ann = community.join("Ann")
    mapbox.fail(mode)
    for tool, more in ((share_location, ', "audience": "friends"'), (find_nearby_rvers, "")):
        raw = f'{{"place": "Nowhere {uuid.uuid4().hex[:8]}"{more}}}'
        error = error_of(lambda tool=tool, raw=raw: ann.call(tool, raw))
        assert error.error.code in ("source_unavailable", "source_not_configured")
        assert "Mapbox" in error.message
    assert community.rows("shared_places", "user_id", ann.id) == []


def test_slow_map_is_answered_in_time(community: Community, mapbox: StandIn) -> None:
    """Before the timeout of the tool, though the source takes half a minute; nothing is shared."""
    ann = community.join("Ann")
    mapbox.fail("slow", seconds=30)
    raw = f'{{"place": "Nowhere {uuid.uuid4().hex[:8]}", "audience": "friends"}}'
    started = time.monotonic()
    assert error_of(lambda: ann.call(share_location, raw)).error.code == "source_unavailable"
    assert time.monotonic() - started < share_location.timeout_s
    assert community.rows("shared_places", "user_id", ann.id) == []


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ('{"place": "Moab, Utah"}', "invalid_request"),
        ('{"place": "Moab, Utah", "audience": "everybody"}', "invalid_request"),
        ('{"place": "Moab, Utah", "audience": "friends", "hours": 169}', "invalid_quantity"),
        ('{"place": "Moab, Utah", "audience": "friends", "hours": -1}', "invalid_quantity"),
        ('{"place": "Moab, Utah", "audience": "friends", "hours": 1.5}', "invalid_quantity"),
        ('{"place": "Moab, Utah", "audience": "friends", "hours": "2"}', "invalid_quantity"),
        ('{"place": "", "audience": "friends"}', "invalid_text"),
        ('{"place": "Xyzzyville", "audience": "friends"}', "unknown_place"),
        ('{"place": "Springfield", "audience": "friends"}', "ambiguous_place"),
    ],
)
def test_invalid_sharing_is_rejected(community: Community, call: str, code: str) -> None:
    """Nothing is shared."""
    ann = community.join("Ann")
    assert error_of(lambda: ann.call(share_location, call)).error.code == code
    assert community.rows("shared_places", "user_id", ann.id) == []


@pytest.mark.parametrize(
    ("tool", "raw", "code"),
    [
        (find_nearby_rvers, "{}", "invalid_request"),
        (find_nearby_rvers, '{"place": "Moab, Utah", "radius": 501}', "invalid_quantity"),
        (find_nearby_rvers, '{"place": "Moab, Utah", "radius": 0}', "invalid_quantity"),
        (find_nearby_rvers, '{"place": "Moab, Utah", "radius": "far"}', "invalid_quantity"),
        (find_nearby_rvers, '{"place": "Xyzzyville"}', "unknown_place"),
        (follow_user, '{"user": ""}', "invalid_text"),
        (follow_user, '{"user": "' + "x" * 101 + '"}', "invalid_text"),
        (follow_user, '{"user": "x", "unfollow": "yes"}', "invalid_request"),
    ],
)
def test_invalid_arguments_are_rejected(caller: Caller, tool: object, raw: str, code: str) -> None:
    """Each limit with its code."""
    assert error_of(lambda: caller.call(tool, raw)).error.code == code  # type: ignore[arg-type]
