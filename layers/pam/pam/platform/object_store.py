"""Files of users in an S3 bucket: each under its user's own prefix, and behind a link that expires."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

from botocore.exceptions import BotoCoreError, ClientError

from pam.platform.errors import STORE_UNAVAILABLE, PamError

P = ParamSpec("P")
R = TypeVar("R")

LINK_TTL = timedelta(hours=1)

_MAX_DELETED_AT_ONCE = 1000


class ObjectStore:
    """The files of all users in one bucket. Methods raise `PamError` (`store_unavailable`)."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, user_id: UUID, name: str, content: bytes, content_type: str) -> str:
        """Store a file and return a link to it that works for `LINK_TTL`; browsers save it under `name`.

        Nobody can guess its key. The bucket's lifecycle deletes it after a day.
        """
        key = f"{_prefix(user_id)}{uuid4()}/{name}"
        _call(self._s3.put_object)(Bucket=self._bucket, Key=key, Body=content, ContentType=content_type)
        parameters = {
            "Bucket": self._bucket,
            "Key": key,
            "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(name)}",
        }
        link: str = _call(self._s3.generate_presigned_url)(
            "get_object", Params=parameters, ExpiresIn=int(LINK_TTL.total_seconds())
        )
        return link

    def delete_all(self, user_id: UUID, name_prefix: str = "") -> int:
        """Delete all files of a user whose names begin so; return how many there were."""
        deleted = 0
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=_prefix(user_id), PaginationConfig={"PageSize": _MAX_DELETED_AT_ONCE}
        )
        # All keys first: a listing isn't changed by what is deleted meanwhile.
        found = _call(lambda: [each["Key"] for page in pages for each in page.get("Contents", ())])()
        keys = [{"Key": key} for key in found if key.rpartition("/")[2].startswith(name_prefix)]
        for start in range(0, len(keys), _MAX_DELETED_AT_ONCE):
            part = keys[start : start + _MAX_DELETED_AT_ONCE]
            answer = _call(self._s3.delete_objects)(Bucket=self._bucket, Delete={"Objects": part, "Quiet": True})
            if answer.get("Errors"):
                raise _unavailable()
            deleted += len(part)
        return deleted


def _prefix(user_id: UUID) -> str:
    return f"exports/{user_id}/"


def _unavailable() -> PamError:
    return PamError(
        STORE_UNAVAILABLE, "PAM can't reach its store of files right now. Please try again in a moment.", retry_after=5
    )


def _call(operation: Callable[P, R]) -> Callable[P, R]:
    """Wrap a client operation: S3's errors become PAM's."""

    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return operation(*args, **kwargs)
        except (BotoCoreError, ClientError) as error:
            raise _unavailable() from error

    return call
