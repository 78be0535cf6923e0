"""An account that is deleted: every row of the user, all items of the chat and of the caches, and all files."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from pam.answers.answer import Answer, Count, Instant, instant
from pam.answers.dependencies import UserDependencies
from pam.answers.json_values import json_dataclass
from pam.memory.deletion import delete_selected
from pam.memory.selection import Selection
from pam.platform.deadline import Deadline
from pam.platform.errors import ACCOUNT_NOT_CONFIRMED, PamError
from pam.platform.observability import logger
from pam.users.account import delete_user
from pam.users.profile import ensure_user, read_profile

CONFIRMATION = "delete-my-account"


def _parse_confirmation(value: Any) -> str:
    if value != CONFIRMATION:
        raise PamError(
            ACCOUNT_NOT_CONFIRMED,
            f"This deletes everything for good. To confirm it, send confirm={CONFIRMATION}.",
            field="confirm",
        )
    return CONFIRMATION


class AccountDeletion(BaseModel):
    """The confirmation of a deletion."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    confirm: Annotated[
        str,
        BeforeValidator(_parse_confirmation),
        WithJsonSchema({"type": "string", "enum": [CONFIRMATION], "description": "Nothing is deleted without it."}),
    ] = Field(default="", validate_default=True)


@json_dataclass
class AccountDeleted(Answer):
    """An account that is deleted. It can't be undone."""

    source: Annotated[str, Field(description="What was deleted.", examples=["Your account in PAM"])]
    as_of: Annotated[Instant, Field(description="When it was deleted.")]
    deleted: Literal[True] = True
    files: Annotated[Count, Field(description="Exported files that hadn't expired yet.")]


_SELECT_CONVERSATIONS = "select id from conversations where user_id = %s"


def delete_account(dependencies: UserDependencies, user_id: UUID, deadline: Deadline) -> AccountDeleted:
    """Delete all that PAM has of a user. It may be repeated, and has to be where it failed.

    The rows go last: what else is found by them is found again by a repetition. Raises `PamError`: `turn_running` while
    an answer is being written, `store_unavailable`, `database_unavailable`.
    """
    copies = dependencies.message_copies()
    copies.check_idle(user_id)
    now = dependencies.clock()
    with dependencies.database.session(user_id, deadline) as connection:
        profile = read_profile(connection, user_id)
        rows = connection.execute(_SELECT_CONVERSATIONS, (user_id,)).fetchall()
    files = dependencies.files().delete_all(user_id)
    copies.delete_account(user_id, [row["id"] for row in rows])
    fence = dependencies.cache.write_fence(user_id, is_deletion=True)
    with fence, dependencies.database.session(user_id, deadline) as connection:
        ensure_user(connection, user_id)
        delete_selected(
            connection, user_id, Selection(is_everything=True), now
        )  # in parts: it may be years of messages
        delete_user(connection, user_id)
    files += dependencies.files().delete_all(user_id)  # stored meanwhile
    dependencies.cache.delete_all(user_id)
    logger.info("account deleted", files=files)
    return AccountDeleted(
        text="Your account is deleted, with everything that PAM had about you. Your sign-in is kept by your identity "
        "provider; if you use it with PAM again, you begin anew.",
        source="Your account in PAM",
        simulated=profile.simulated,
        as_of=instant(now.astimezone(profile.zone)),
        files=files,
    )
