"""Whether a road was checked for the user's rig: no source of PAM knows clearances and weight limits, so none was."""

from typing import Annotated

from pydantic import Field

from pam.answers.json_values import json_dataclass
from pam.answers.user_context import UserContext
from pam.travel.dimensions import format_dimension, format_weight

_CLEARANCE_NOT_CHECKED = "The clearance of the road wasn't checked."


@json_dataclass
class RigCheck:
    """Whether a road is high and strong enough for the rig, whose measures are as far as they are known."""

    checked: Annotated[bool, Field(description="False: no source knows clearances and weight limits.")]
    rig: Annotated[str | None, Field(description="Null without a vehicle.", examples=["The motorhome"])]
    height: Annotated[str | None, Field(description="In the traveller's units.", examples=["12 ft 6 in"])]
    weight: Annotated[str | None, Field(description="In the traveller's units.", examples=["13,000 lb"])]


def rig_check(user: UserContext) -> RigCheck:
    """Return that a road wasn't checked, and for which rig."""
    rig, profile = user.rig, user.profile
    if rig is None:
        return RigCheck(checked=False, rig=None, height=None, weight=None)
    return RigCheck(
        checked=False,
        rig=rig.name,
        height=None if rig.height_m is None else format_dimension(round(rig.height_m, 4), profile),
        weight=None if rig.weight_kg is None else format_weight(round(rig.weight_kg, 3), profile),
    )


def rig_check_text(user: UserContext) -> str:
    """Render that a road wasn't checked, and for which rig; its height and weight are named where they are known."""
    check = rig_check(user)
    if check.rig is None:
        return _CLEARANCE_NOT_CHECKED
    known = [text for text in (check.height and f"{check.height} high", check.weight) if text]
    size = f" ({', '.join(known)})" if known else ""
    return f"The road wasn't checked for {check.rig}{size}: PAM knows no clearances or weight limits."
