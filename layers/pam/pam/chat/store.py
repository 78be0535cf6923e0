"""The table of the conversations' present: turns with their frames, queues, confirmations, tickets, limits.

One DynamoDB table, `key` and `item`; everything in it expires. Keys begin with what they are and name the traveller,
so that an id of somebody else's finds nothing. What lasts is in Postgres.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from pam.platform.errors import STORE_UNAVAILABLE, PamError

P = ParamSpec("P")
R = TypeVar("R")

Item = dict[str, Any]

KEPT_FOR = timedelta(days=1)
"""How long frames can be resumed, and a message id is recognised."""

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class Conflict(Exception):
    """A condition didn't hold; `item` is what was there instead, where the operation could tell."""

    def __init__(self, item: Item | None = None) -> None:
        super().__init__("the condition didn't hold")
        self.item = item


class ChatTable:
    """Typed access to the table. Raises `Conflict`, and `PamError` (`store_unavailable`) when DynamoDB is silent."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def get(self, key: str, item: str) -> Item | None:
        """An item as it is now."""
        found = _survived(self._dynamodb.get_item)(TableName=self._table, Key=_key(key, item), ConsistentRead=True).get(
            "Item"
        )
        return None if found is None else _plain(found)

    def get_all(self, *wanted: tuple[str, str]) -> list[Item | None]:
        """Several items as they are now, in one request; each is named by its key and item."""
        keys = [_key(*each) for each in wanted]
        answer = _survived(self._dynamodb.batch_get_item)(
            RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
        )
        if answer.get("UnprocessedKeys"):
            raise _unavailable()
        found = {(item["key"], item["item"]): item for item in map(_plain, answer["Responses"][self._table])}
        return [found.get(each) for each in wanted]

    def put(self, key: str, item: str, fields: Mapping[str, Any], expires: datetime, *, new: bool = False) -> None:
        """Writes a whole item; with `new` only where there is none (`Conflict` has the one that is there)."""
        options: dict[str, Any] = {}
        if new:
            options = {
                "ConditionExpression": "attribute_not_exists(#key)",
                "ExpressionAttributeNames": {"#key": "key"},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        whole = {"key": key, "item": item, "ttl": int(expires.timestamp())} | dict(fields)
        _survived(self._dynamodb.put_item)(TableName=self._table, Item=_typed(whole), **options)

    def update(
        self,
        key: str,
        item: str,
        expression: str,
        values: Mapping[str, Any] | None = None,
        *,
        condition: str | None = None,
        told: str = "ALL_NEW",
    ) -> Item:
        """Changes an item by an update expression, in which `#name` stands for the attribute `name` and `:name` for
        the value. Returns the item as it is after it, or before it for `told` ALL_OLD."""
        text = f"{expression} {condition or ''}"
        names = {word: word[1:] for word in _words(text, "#")}
        options: dict[str, Any] = {}
        if names:
            options["ExpressionAttributeNames"] = names
        if values:
            options["ExpressionAttributeValues"] = {f":{name}": _serialize(value) for name, value in values.items()}
        if condition:
            options |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        result = _survived(self._dynamodb.update_item)(
            TableName=self._table, Key=_key(key, item), UpdateExpression=expression, ReturnValues=told, **options
        )
        return _plain(result.get("Attributes", {}))

    def delete(self, key: str, item: str) -> Item | None:
        """Takes an item away and tells what it was."""
        gone = _survived(self._dynamodb.delete_item)(
            TableName=self._table, Key=_key(key, item), ReturnValues="ALL_OLD"
        ).get("Attributes")
        return None if gone is None else _plain(gone)

    def items(self, key: str, prefix: str, after: str) -> list[Item]:
        """The items under `key` whose names begin with `prefix` and come after `after`, in their order."""
        found: list[Item] = []
        start: dict[str, Any] = {}
        while True:
            page = _survived(self._dynamodb.query)(
                TableName=self._table,
                KeyConditionExpression="#key = :key and #item between :after and :last",
                ExpressionAttributeNames={"#key": "key", "#item": "item"},
                ExpressionAttributeValues={
                    ":key": {"S": key},
                    ":after": {"S": after or " "},
                    ":last": {"S": f"{prefix}~"},
                },
                ConsistentRead=True,
                **start,
            )
            found += [_plain(each) for each in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return found
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _survived(operation: Callable[P, R]) -> Callable[P, R]:
    """The operation with DynamoDB's faults as ours."""

    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return operation(*args, **kwargs)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                there: Any = error.response.get("Item")
                raise Conflict(_plain(there) if there else None) from None
            raise _unavailable() from error
        except BotoCoreError as error:
            raise _unavailable() from error

    return run


def _unavailable() -> PamError:
    return PamError(
        STORE_UNAVAILABLE,
        "PAM can't hold the conversation right now. Please try again in a moment.",
        retry_after=5,
    )


def _key(key: str, item: str) -> dict[str, Any]:
    return {"key": {"S": key}, "item": {"S": item}}


def _typed(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _serialize(value) for name, value in fields.items()}


def _plain(fields: Mapping[str, Any]) -> Item:
    return {name: _deserialize(value) for name, value in fields.items()}


def _words(text: str, mark: str) -> set[str]:
    cleaned = "".join(character if character.isalnum() or character in "#_:" else " " for character in text)
    return {word for word in cleaned.split() if word.startswith(mark)}
