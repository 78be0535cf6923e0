"""The part of the prompt that describes a user: their settings, and what they prefer in every answer."""

from pam.platform.envelope import encode_line
from pam.travel.rig import Rig
from pam.users.profile import Profile

_UNITS = {"imperial": "imperial (miles, gallons)", "metric": "metric (kilometres, litres)"}


def profile_lines(profile: Profile, rig: Rig | None) -> list[str]:
    """Return the user's settings and vehicle, one per line."""
    lines = [
        f"Currency: {profile.currency}",
        f"Units: {_UNITS[profile.units]}",
        f"Language and country: {profile.locale}",
        f"Rig: {_describe(rig)}",
    ]
    if profile.simulated:
        lines.append("A simulated traveller, for demonstration: their figures are simulated.")
    return lines


def render_profile_block(lines: list[str]) -> str:
    """Return the block of the system prompt."""
    return "<traveller>\n" + "\n".join(map(encode_line, lines)) + "\n</traveller>"


def render_preferences(lines: list[str]) -> str:
    """Return the block of standing preferences; an empty text for none."""
    return "\n<preferences>\n" + "\n".join(map(encode_line, lines)) + "\n</preferences>" if lines else ""


def _describe(rig: Rig | None) -> str:
    if rig is None:
        return "unknown"
    parts = [rig.name]
    if rig.fuel_type:
        parts.append(f"fuel {rig.fuel_type}")
    if rig.litres_per_100km is not None:
        parts.append(f"uses {round(rig.litres_per_100km, 1):g} l/100 km")
    return ", ".join(parts)
