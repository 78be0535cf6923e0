"""What the first turn of an environment would compute for all later ones, done before its SnapStart snapshot."""

from pam.safety.figures import preload_names
from pam.safety.screen import screen
from pam.tools.catalog import TOOLS
from pam.users.profile import DEFAULTS


def preload_turn() -> None:
    """Read the weights of stage 1 and the names of months, and build the definitions of tools."""
    screen("")
    preload_names(DEFAULTS["locale"])
    TOOLS.definitions()
