"""Direct messages to friends and to users who accept them from everybody; at most ten per hour and sender."""

import math
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from pam.community.friendships import read_friends
from pam.community.people import Person, find_person, format_names
from pam.community.profiles import WhoMayWrite
from pam.platform.errors import MESSAGE_LIMIT_REACHED, RECIPIENT_NOT_ALLOWED, UNKNOWN_RECIPIENT, PamError
from pam.platform.postgres import Connection
from pam.users.text import TextParser

MAX_MESSAGES_PER_HOUR = 10
_HOUR = timedelta(hours=1)

parse_recipient = TextParser("recipient", 100, required=True)
parse_message = TextParser("message", 2000, required=True)

_SELECT_BY_ID = """
select user_id, display_name, name_skeleton, caseless_name_skeleton, who_may_write
  from public_profiles
 where user_id = %(other)s
"""
# Serialises the messages of one sender, so that the hourly limit counts them all. Not `for update`: it would block the
# foreign key checks of messages to this sender, and two users who write to each other would deadlock.
_LOCK_SENDER = "select user_id from public_profiles where user_id = %s for no key update"
# Postgres says when a message was sent, and what time it is: no caller can send more by another clock.
_SELECT_LATEST = """
select extract(epoch from sent_at + %(window)s - clock_timestamp()) as left_s
  from direct_messages
 where sender_id = %(user)s and sent_at > now() - %(window)s
 order by sent_at desc limit %(max)s
"""
_INSERT_MESSAGE = "insert into direct_messages (sender_id, recipient_id, body) values (%(user)s, %(to)s, %(body)s)"


def find_recipient(connection: Connection, user_id: UUID, name: str) -> Person:
    """Find a friend by a name or part of it, otherwise a user who accepts messages from everybody by the whole name.

    Names that look alike are equal. Raises `PamError`: `unknown_recipient`, `ambiguous_recipient`,
    `recipient_not_allowed`.
    """
    friends = read_friends(connection, user_id)
    recipient = find_person(connection, name, friends)
    if recipient is None:
        raise _unknown(name, friends)
    _check_recipient(user_id, recipient, friends)
    return recipient


def read_recipient(connection: Connection, user_id: UUID, recipient_id: UUID, name: str) -> Person:
    """Read a user to write to by the id. `name` is the one that the sender knows.

    Raises `PamError`: `unknown_recipient`, `recipient_not_allowed`.
    """
    friends = read_friends(connection, user_id)
    row = connection.execute(_SELECT_BY_ID, {"other": recipient_id}).fetchone()
    if row is None:
        raise _unknown(name, friends)
    recipient = Person.from_row(row)
    _check_recipient(user_id, recipient, friends)
    return recipient


def check_message_limit(connection: Connection, user_id: UUID) -> None:
    """Raise `PamError` (`message_limit_reached`) if the user sent `MAX_MESSAGES_PER_HOUR` in the last hour."""
    scope = {"user": user_id, "window": _HOUR, "max": MAX_MESSAGES_PER_HOUR}
    latest = connection.execute(_SELECT_LATEST, scope).fetchall()
    if len(latest) < MAX_MESSAGES_PER_HOUR:
        return
    wait_s = max(1, math.ceil(latest[-1]["left_s"]))
    minutes = math.ceil(wait_s / 60)
    raise PamError(
        MESSAGE_LIMIT_REACHED,
        f"That would be more than {MAX_MESSAGES_PER_HOUR} messages in an hour. The next can go in {minutes} min.",
        retry_after=wait_s,
    )


def send_message(connection: Connection, user_id: UUID, recipient: Person, message: str) -> None:
    """Send a message.

    Raises `PamError`: `recipient_not_allowed` if the sender has no public profile, `message_limit_reached`.
    """
    if connection.execute(_LOCK_SENDER, (user_id,)).fetchone() is None:
        raise _not_allowed("You show no name to others in PAM yet, so you can't write to them.")
    check_message_limit(connection, user_id)
    connection.execute(_INSERT_MESSAGE, {"user": user_id, "to": recipient.id, "body": message})


def _check_recipient(user_id: UUID, recipient: Person, friends: Sequence[Person]) -> None:
    """Raise `PamError` (`recipient_not_allowed`) where the user may not write to the recipient."""
    if recipient.id == user_id:
        raise _not_allowed("That is you: a message goes to somebody else.")
    is_friend = any(friend.id == recipient.id for friend in friends)
    if is_friend and recipient.who_may_write is WhoMayWrite.NOBODY:
        raise _not_allowed(f"{recipient.name} takes no messages.")
    if not is_friend and recipient.who_may_write is not WhoMayWrite.EVERYBODY:
        raise _not_allowed(f"{recipient.name} takes no messages from you: you aren't friends in PAM.")


def _unknown(name: str, friends: Sequence[Person]) -> PamError:
    known = f"Your friends here are {format_names(friends)}." if friends else "You have no friends here yet."
    return PamError(UNKNOWN_RECIPIENT, f"Nobody called “{name}” is your friend in PAM. {known}", field="recipient")


def _not_allowed(message: str) -> PamError:
    return PamError(RECIPIENT_NOT_ALLOWED, message, field="recipient")
