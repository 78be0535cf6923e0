"""Posts that users publish for everybody who is signed in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pam.platform.errors import INVALID_TEXT, PamError
from pam.platform.postgres import Connection
from pam.users.text import TextParser

MAX_TAGS = 20
MAX_TAG_CHARS = 50

parse_content = TextParser("content", 5000, required=True)
parse_title = TextParser("title", 200)

_parse_tag = TextParser("tags", MAX_TAG_CHARS, required=True)

_INSERT_POST = """
insert into posts (author_id, title, content, place, tags, created_at)
values (%(author)s, %(title)s, %(content)s, %(place)s, %(tags)s, %(now)s)
returning id
"""


def parse_tags(value: Any) -> tuple[str, ...]:
    """Return up to `MAX_TAGS` distinct tags, in lower case and without `#`. Raises `PamError` (`invalid_text`)."""
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or len(value) > MAX_TAGS:
        raise PamError(INVALID_TEXT, f"A post has at most {MAX_TAGS} tags.", field="tags")
    stripped = (tag.strip().lstrip("#") if isinstance(tag, str) else tag for tag in value)
    return tuple(dict.fromkeys(" ".join(_parse_tag(tag).lower().split()) for tag in stripped))


def create_post(
    connection: Connection,
    author_id: UUID,
    *,
    title: str,
    content: str,
    place: str,
    tags: Sequence[str],
    now: datetime,
) -> UUID:
    """Insert a post and return its id. `title`, `content` and `tags` must be results of this module's parsers."""
    row = connection.execute(
        _INSERT_POST,
        {"author": author_id, "title": title, "content": content, "place": place, "tags": list(tags), "now": now},
    ).fetchone()
    assert row is not None
    post_id: UUID = row["id"]
    return post_id
