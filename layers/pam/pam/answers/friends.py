"""Friends and requests: listed, asked for, accepted, and declined or ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from pam.answers.answer import Answer, Instant, instant, one_of
from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import json_dataclass, to_json
from pam.answers.own_profile import ProfileName
from pam.answers.write_once import WriteRequest, write_once
from pam.community.audiences import require_public_settings
from pam.community.friendships import (
    MAX_LISTED_FRIENDSHIPS,
    Friendship,
    FriendshipState,
    accept_friendship,
    end_friendship,
    read_friendship,
    read_friendships,
    request_friendship,
)
from pam.community.people import find_person
from pam.ledger.operation import WriteContext, WriteOperation, WriteResult
from pam.platform.deadline import Deadline
from pam.platform.errors import FRIENDSHIP_NOT_FOUND, INVALID_REQUEST, USER_NOT_FOUND, PamError
from pam.users.formatting import pluralize
from pam.users.profile import read_profile
from pam.users.time_zones import TimeZone

SOURCE = "Your friends in PAM"


def _parse_true(value: object) -> bool:
    if value is not True:
        raise PamError(INVALID_REQUEST, "A request is accepted with true; DELETE declines it.", field="accepted")
    return True


class FriendsRequest(BaseModel):
    """A request for the friends of a traveller. `timezone` is the current time zone of the device."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timezone: TimeZone | None = None


class NewFriendRequest(FriendsRequest):
    """Whose friendship to ask for."""

    name: ProfileName = Field(description="The whole name that the other shows.")


class FriendRequestDecision(FriendsRequest):
    """That a request is accepted."""

    accepted: Annotated[bool, BeforeValidator(_parse_true), WithJsonSchema({"type": "boolean", "const": True})]


@json_dataclass
class FriendItem:
    """A friend, or somebody who was asked or asks; with what they show to the traveller of themselves."""

    id: str
    name: str
    state: Annotated[str, one_of(*FriendshipState)]
    since: Annotated[Instant, Field(description="When it was accepted, or asked for.")]
    bio: str
    rig_type: str
    rig_year: int | None
    home_base: str


@json_dataclass
class FriendList(Answer):
    """A traveller's friends and open requests, the newest first."""

    source: Annotated[str, Field(description="Where it is recorded.", examples=[SOURCE])]
    friends: tuple[FriendItem, ...]
    incoming: Annotated[tuple[FriendItem, ...], Field(description="Who asks the traveller.")]
    outgoing: Annotated[tuple[FriendItem, ...], Field(description="Whom the traveller asks.")]


@json_dataclass
class FriendshipChanged(Answer):
    """A request or a friendship after a change."""

    source: Annotated[str, Field(description="Where it is recorded.", examples=[SOURCE])]
    friend: FriendItem


@json_dataclass
class FriendshipEnded(Answer):
    """A friendship that has ended, or a request that was declined or withdrawn."""

    source: Annotated[str, Field(description="Where it was recorded.", examples=[SOURCE])]
    ended: Literal[True] = True


def list_friends(
    dependencies: UserDependencies, user_id: UUID, request: FriendsRequest, deadline: Deadline
) -> FriendList:
    """Return the friends and the open requests, never from a cache: others write them, too."""
    now = dependencies.clock()
    with dependencies.database.session(user_id, deadline) as connection:
        profile = read_profile(connection, user_id).in_zone(request.timezone)
        found = read_friendships(connection, user_id)

    def items(state: FriendshipState) -> tuple[FriendItem, ...]:
        return tuple(_item(each, profile.zone) for each in found if each.state is state)

    return FriendList(
        text=_sentence(found),
        source=SOURCE,
        simulated=profile.simulated,
        as_of=instant(now.astimezone(profile.zone)),
        friends=items(FriendshipState.FRIEND),
        incoming=items(FriendshipState.INCOMING),
        outgoing=items(FriendshipState.OUTGOING),
    )


@dataclass(frozen=True)
class FriendshipRequest:
    """A request over HTTP that changes a friendship, done once for the idempotency key."""

    user_id: UUID
    idempotency_key: str | None
    deadline: Deadline
    context: LambdaContext

    def write(self, payload: dict[str, str], zone: ZoneInfo | None = None) -> WriteRequest:
        """Return the write. The same key with another payload is refused."""
        return WriteRequest(self.user_id, self.idempotency_key, payload, self.deadline, self.context, zone)


def ask_friend(dependencies: UserDependencies, request: FriendshipRequest, new: NewFriendRequest) -> FriendshipChanged:
    """Ask for the friendship of the user with this name. Raises `PamError` (`profile_needed`, `user_not_found`)."""
    write = request.write({"asks": new.name}, new.timezone)
    return write_once(dependencies, write, REQUEST_FRIENDSHIP, lambda: new.name, FriendshipChanged)


def accept_friend(
    dependencies: UserDependencies, request: FriendshipRequest, other_id: UUID, decision: FriendRequestDecision
) -> FriendshipChanged:
    """Accept the request of a user. Raises `PamError` (`friendship_not_found`)."""
    write = request.write({"accepts": str(other_id)}, decision.timezone)
    return write_once(dependencies, write, ACCEPT_FRIENDSHIP, lambda: other_id, FriendshipChanged)


def end_friend(dependencies: UserDependencies, request: FriendshipRequest, other_id: UUID) -> FriendshipEnded:
    """Decline or withdraw a request, or end a friendship. Raises `PamError` (`friendship_not_found`)."""
    write = request.write({"ends": str(other_id)})
    return write_once(dependencies, write, END_FRIENDSHIP, lambda: other_id, FriendshipEnded)


def friendship_not_found() -> PamError:
    """Return the error for an id that is unknown, malformed, or of somebody who isn't a friend: the same."""
    return PamError(FRIENDSHIP_NOT_FOUND, "There is no such friend or request of yours.")


def _request(context: WriteContext, name: str) -> WriteResult:
    connection, user_id = context.connection, context.profile.id
    require_public_settings(connection, user_id)
    person = find_person(connection, name, (), field="name")
    if person is None or person.id == user_id:
        raise PamError(USER_NOT_FOUND, f"Nobody else is called “{name}” in PAM.", field="name")
    request_friendship(connection, user_id, person.id)
    found = read_friendship(connection, user_id, person.id)
    if found is None:  # the other ended an earlier one at the same moment
        raise friendship_not_found()
    texts = {
        FriendshipState.FRIEND: f"{person.name} is your friend already.",
        FriendshipState.INCOMING: f"{person.name} has asked you already: you can accept.",
        FriendshipState.OUTGOING: f"{person.name} was asked, and can accept or decline.",
    }
    return _changed(context, texts[found.state], found)


def _accept(context: WriteContext, other_id: UUID) -> WriteResult:
    connection, user_id = context.connection, context.profile.id
    accept_friendship(connection, user_id, other_id, context.now)
    after = read_friendship(connection, user_id, other_id)
    if after is None or after.state is not FriendshipState.FRIEND:
        raise friendship_not_found()
    return _changed(context, f"You and {after.name} are friends.", after)


def _end(context: WriteContext, other_id: UUID) -> WriteResult:
    found = read_friendship(context.connection, context.profile.id, other_id)
    ended = end_friendship(context.connection, context.profile.id, other_id)
    if found is None or ended is None:
        raise friendship_not_found()
    texts = {
        FriendshipState.FRIEND: f"You and {found.name} are no friends any more.",
        FriendshipState.INCOMING: f"The request of {found.name} is declined.",
        FriendshipState.OUTGOING: f"Your request to {found.name} is withdrawn.",
    }
    return WriteResult(texts[ended], {"ended": True}, SOURCE, simulated=context.profile.simulated)


def _changed(context: WriteContext, text: str, friendship: Friendship) -> WriteResult:
    item = to_json(_item(friendship, context.profile.zone))
    return WriteResult(text, {"friend": item}, SOURCE, simulated=context.profile.simulated)


def _item(friendship: Friendship, zone: ZoneInfo) -> FriendItem:
    return FriendItem(
        id=str(friendship.user_id),
        name=friendship.name,
        state=friendship.state.value,
        since=instant(friendship.since.astimezone(zone)),
        bio=friendship.bio,
        rig_type=friendship.rig_type,
        rig_year=friendship.rig_year,
        home_base=friendship.home_base,
    )


def _sentence(found: Sequence[Friendship]) -> str:
    counts = {state: sum(each.state is state for each in found) for state in FriendshipState}
    parts = [
        f"{pluralize(counts[FriendshipState.INCOMING], 'request')} to you",
        f"{pluralize(counts[FriendshipState.OUTGOING], 'request')} of yours",
    ]
    of = f"Of the newest {MAX_LISTED_FRIENDSHIPS}, you" if len(found) == MAX_LISTED_FRIENDSHIPS else "You"
    return f"{of} have {pluralize(counts[FriendshipState.FRIEND], 'friend')}, {' and '.join(parts)}."


REQUEST_FRIENDSHIP = WriteOperation("request_friendship", _request)
"""Asks for a friendship by the other's whole name."""

ACCEPT_FRIENDSHIP = WriteOperation("accept_friendship", _accept)
"""Accepts the request of another user."""

END_FRIENDSHIP = WriteOperation("end_friendship", _end)
"""Declines, withdraws or ends."""
