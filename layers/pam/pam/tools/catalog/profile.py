"""Tools for the traveller's own profile, settings and privacy, and for the counts of what they have recorded."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, StrictBool, WithJsonSchema, model_validator

from pam.answers.own_profile import UPDATE_PROFILE, Bio, HomeBase, ProfileName, RigType, RigYear
from pam.answers.user_settings import UPDATE_SETTINGS
from pam.answers.user_stats import user_stats
from pam.community.audiences import Audience
from pam.community.profiles import WhoMayWrite
from pam.ledger.operation import WriteContext, WriteResult
from pam.money.amounts import Currency
from pam.platform.errors import INVALID_REQUEST, PamError
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import Tool, ToolContext, ToolResult, read_tool, write_tool
from pam.tools.engine.results import to_tool_result
from pam.travel.units import Units
from pam.users.locales import parse_locale
from pam.users.time_zones import parse_time_zone
from pam.users.user_settings import Theme

_TEXT = WithJsonSchema({"type": "string"})

# The same values with shorter schemas: what they may be is in the description or in the error.
_Bio = Annotated[Bio, _TEXT]
_HomeBase = Annotated[HomeBase, _TEXT]
_Name = Annotated[ProfileName, _TEXT]
_RigType = Annotated[RigType, _TEXT]
_RigYear = Annotated[RigYear, WithJsonSchema({"type": "integer"})]
_Theme = Annotated[Theme, WithJsonSchema({"type": "string", "enum": list(Theme)})]
_Units = Annotated[Units, WithJsonSchema({"type": "string", "enum": list(Units)})]
_Currency = Annotated[Currency, _TEXT]
_TimeZone = Annotated[str, BeforeValidator(lambda value: parse_time_zone(value).key), _TEXT]
_Language = Annotated[str, BeforeValidator(parse_locale), _TEXT]
_Audience = Annotated[Audience, _TEXT]
_MayWrite = Annotated[WhoMayWrite, _TEXT]


class _Fields(ToolArguments):
    """Arguments of which at least one is given."""

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if not self.fields():
            raise PamError(INVALID_REQUEST, "Say what to change.")
        return self

    def fields(self) -> dict[str, Any]:
        """Return the arguments that are given, as they are stored."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class UpdateProfile(_Fields):
    """What to change of the profile."""

    bio: _Bio | None = None
    home_base: _HomeBase | None = None
    name: _Name | None = None
    rig_type: _RigType | None = None
    rig_year: _RigYear | None = None


@write_tool(summary=lambda _: "Changing your profile", undo=UPDATE_PROFILE.undo, changes_settings=True)
def update_profile(context: WriteContext, arguments: UpdateProfile) -> WriteResult:
    """Change what others see of them; empty removes."""
    return UPDATE_PROFILE.write(context, arguments.fields())


class UpdateSettings(_Fields):
    """What to change of the settings."""

    currency: _Currency | None = None
    language: _Language | None = Field(default=None, serialization_alias="locale")
    notifications: StrictBool | None = None
    theme: _Theme | None = None
    time_zone: _TimeZone | None = None
    units: _Units | None = None


@write_tool(summary=lambda _: "Changing your settings", undo=UPDATE_SETTINGS.undo, changes_settings=True)
def update_settings(context: WriteContext, arguments: UpdateSettings) -> WriteResult:
    """Change settings for good, such as language en_US."""
    return UPDATE_SETTINGS.write(context, arguments.fields())


class ManagePrivacy(_Fields):
    """What to change of the privacy."""

    who_may_write: _MayWrite | None = None
    who_sees_activity: _Audience | None = None
    who_sees_place: _Audience | None = None
    who_sees_profile: _Audience | None = None


@write_tool(summary=lambda _: "Changing your privacy", undo=UPDATE_PROFILE.undo, changes_settings=True)
def manage_privacy(context: WriteContext, arguments: ManagePrivacy) -> WriteResult:
    """Set who sees what: everybody, followers, friends or nobody."""
    return UPDATE_PROFILE.write(context, arguments.fields())


class GetUserStats(ToolArguments):
    """Nothing to choose."""


@read_tool(summary=lambda _: "Counting what you have in PAM")
def get_user_stats(context: ToolContext, _arguments: GetUserStats) -> ToolResult:
    """Counts and totals of what they have."""
    return to_tool_result(user_stats(context.dependencies, context.user_id, context.deadline, context.zone))


TOOLS: tuple[Tool[Any], ...] = (update_profile, update_settings, manage_privacy, get_user_stats)
