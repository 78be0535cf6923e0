"""Whether a road was checked for the user's rig: no source of PAM knows clearances and weight limits, so none was."""

from pam.answers.user_context import UserContext
from pam.travel.dimensions import format_dimension, format_weight

_CLEARANCE_NOT_CHECKED = "The clearance of the road wasn't checked."


def rig_check_text(user: UserContext) -> str:
    """Render that a road wasn't checked, and for which rig; its height and weight are named where they are known."""
    rig = user.rig
    if rig is None:
        return _CLEARANCE_NOT_CHECKED
    known = []
    if rig.height_m is not None:
        known.append(f"{format_dimension(round(rig.height_m, 4), user.profile)} high")
    if rig.weight_kg is not None:
        known.append(format_weight(round(rig.weight_kg, 3), user.profile))
    size = f" ({', '.join(known)})" if known else ""
    return f"The road wasn't checked for {rig.name}{size}: PAM knows no clearances or weight limits."
