"""How a preview says under which name something is published, and for whom."""

from pam.community.audiences import Audience, read_public_settings
from pam.ledger.operation import WriteContext


def as_whom_and_for_whom(context: WriteContext) -> str:
    """Render the name that others will see, and who they are, such as `as “Dan”, for your friends`."""
    settings = read_public_settings(context.connection, context.profile.id)
    if settings is None:
        return f"without a name, since you show none to others, for {Audience.EVERYBODY.text}"
    return f"as “{settings.name}”, for {settings.activity.text}"
