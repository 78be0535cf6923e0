"""A user's own profile and privacy: read, and changed with an exact undo."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Self
from uuid import UUID

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from pam.answers.answer import Answer, instant, one_of
from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import json_dataclass
from pam.answers.undo_link import UndoLink
from pam.answers.write_once import WriteRequest, write_once
from pam.community.audiences import Audience
from pam.community.own_profile import (
    OwnProfile,
    change_own_profile,
    parse_bio,
    parse_home_base,
    parse_rig_type,
    parse_rig_year,
    read_own_profile,
    restore_own_profile,
)
from pam.community.profiles import WhoMayWrite, parse_display_name
from pam.ledger.operation import UndoResult, WriteContext, WriteOperation, WriteResult
from pam.platform.deadline import Deadline
from pam.platform.errors import INVALID_REQUEST, PamError
from pam.users.field_changes import FieldChanges
from pam.users.profile import Profile, read_profile
from pam.users.text import TextParser
from pam.users.time_zones import TimeZone

SOURCE = "Your profile in PAM"


def _schema(parse: TextParser, text_format: str) -> WithJsonSchema:
    return WithJsonSchema({**(parse.schema.json_schema or {}), "format": text_format})


ProfileName = Annotated[str, BeforeValidator(parse_display_name), _schema(parse_display_name, "traveller-name")]
Bio = Annotated[str, BeforeValidator(parse_bio), _schema(parse_bio, "printable")]
RigType = Annotated[str, BeforeValidator(parse_rig_type), _schema(parse_rig_type, "printable")]
HomeBase = Annotated[str, BeforeValidator(parse_home_base), _schema(parse_home_base, "printable")]
RigYear = Annotated[int, BeforeValidator(parse_rig_year), parse_rig_year.schema]
AudienceName = Annotated[Audience, WithJsonSchema({"type": "string", "enum": list(Audience)})]
MayWrite = Annotated[WhoMayWrite, WithJsonSchema({"type": "string", "enum": list(WhoMayWrite)})]

_NAMES = {
    "name": "name",
    "bio": "bio",
    "rig_type": "rig",
    "rig_year": "year of the rig",
    "home_base": "home base",
    "who_sees_profile": "profile",
    "who_sees_place": "place, while you share it",
    "who_sees_activity": "activity, with your earlier posts and events,",
    "who_may_write": "messages",
}


class ProfileRequest(BaseModel):
    """A request for the own profile. `timezone` is the current time zone of the device."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timezone: TimeZone | None = None


class ProfileChanges(BaseModel):
    """What is to be changed of the own profile; at least one field. An empty rig type removes its year, too."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ProfileName | None = Field(default=None, description="What others see; nobody else has it.")
    bio: Bio | None = None
    rig_type: RigType | None = Field(default=None, description="In the traveller's words.", examples=["Class C"])
    rig_year: RigYear | None = Field(default=None, description="Next year's at most.")
    home_base: HomeBase | None = None
    who_sees_profile: AudienceName | None = Field(default=None, description="Bio, rig and home base.")
    who_sees_place: AudienceName | None = Field(default=None, description="The place, while it is shared.")
    who_sees_activity: AudienceName | None = None
    who_may_write: MayWrite | None = None
    timezone: TimeZone | None = None

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if not self.fields():
            raise PamError(INVALID_REQUEST, "Say what to change of your profile.")
        return self

    def fields(self) -> dict[str, Any]:
        """Return the fields that are given."""
        return self.model_dump(mode="json", exclude={"timezone"}, exclude_none=True)


@json_dataclass
class ProfilePrivacy:
    """Who sees what of a traveller, and who may write to them."""

    who_sees_profile: Annotated[str, one_of(*Audience)]
    who_sees_place: Annotated[str, one_of(*Audience)]
    who_sees_activity: Annotated[str, one_of(*Audience)]
    who_may_write: Annotated[str, one_of(*WhoMayWrite)]


@json_dataclass
class TravellerProfile(Answer):
    """A traveller's own profile."""

    source: Annotated[str, Field(description="Where it is recorded.", examples=[SOURCE])]
    name: Annotated[str | None, Field(description="What others see; null: they see nothing of the traveller.")]
    bio: str
    rig_type: Annotated[str, Field(examples=["Class C"])]
    rig_year: Annotated[int | None, Field(examples=[2015])]
    home_base: str
    privacy: ProfilePrivacy


@json_dataclass
class ProfileChanged(TravellerProfile):
    """A traveller's own profile after a change."""

    undo: Annotated[UndoLink | None, Field(description="Null where nothing was changed.")]


def show_profile(
    dependencies: UserDependencies, user_id: UUID, request: ProfileRequest, deadline: Deadline
) -> TravellerProfile:
    """Return the user's own profile."""
    now = dependencies.clock()
    with dependencies.database.session(user_id, deadline) as connection:
        settings = read_profile(connection, user_id).in_zone(request.timezone)
        profile = read_own_profile(connection, user_id)
    shown = f"Others see you as “{profile.name}”." if profile.name else "You show no name to others yet."
    return TravellerProfile(
        text=shown,
        source=SOURCE,
        simulated=settings.simulated,
        as_of=instant(now.astimezone(settings.zone)),
        **_details(profile),
        privacy=ProfilePrivacy(**profile.privacy),
    )


def change_profile(
    dependencies: UserDependencies,
    user_id: UUID,
    changes: ProfileChanges,
    deadline: Deadline,
    *,
    idempotency_key: str | None,
    context: LambdaContext,
) -> ProfileChanged:
    """Change the user's own profile, once for the idempotency key. Raises `PamError` (`name_taken`, …)."""
    fields = changes.fields()
    request = WriteRequest(user_id, idempotency_key, {"profile": fields}, deadline, context, changes.timezone)
    return write_once(dependencies, request, UPDATE_PROFILE, lambda: fields, ProfileChanged)


def _change(context: WriteContext, fields: Mapping[str, Any]) -> WriteResult:
    profile, changes = change_own_profile(context.connection, context.profile.id, fields, context.now)
    if not changes.after:
        return _result("Your profile is so already: nothing changed.", profile, changes, context.profile)
    parts = [_described(name, value) for name, value in changes.after.items()]
    seen = "" if profile.name else " Others see nothing of it until you choose a name."
    if profile.name and changes.after.keys() & _details(profile).keys() - {"name"}:
        seen = f" It is seen by {Audience(profile.who_sees_profile).text}."
    return _result(f"Your profile is changed: {'; '.join(parts)}.{seen}", profile, changes, context.profile)


def _described(name: str, value: Any) -> str:
    if name == "who_may_write":
        return f"messages are accepted from {'nobody' if value == WhoMayWrite.NOBODY else Audience(value).text}"
    if name.startswith("who_"):
        return f"your {_NAMES[name]} is for {Audience(value).text}"
    shown = f"“{value}”" if isinstance(value, str) else value
    return f"{_NAMES[name]} {shown if value else 'removed'}"


def _result(text: str, profile: OwnProfile, changes: FieldChanges, user: Profile) -> WriteResult:
    data = _details(profile) | {"privacy": profile.privacy}
    return WriteResult(text, data, SOURCE, changes.as_json() if changes.after else None, user.simulated)


def _details(profile: OwnProfile) -> dict[str, Any]:
    return {name: value for name, value in asdict(profile).items() if name not in profile.privacy}


def _restore(context: WriteContext, undo: Mapping[str, Any]) -> UndoResult:
    restore_own_profile(context.connection, context.profile.id, FieldChanges.from_json(undo))
    return UndoResult("Your profile is as it was before.")


UPDATE_PROFILE = WriteOperation("update_profile", _change, _restore)
"""Changes the fields of a user's own profile that are named."""
