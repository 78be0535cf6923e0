"""A DynamoDB table as plain Python values: marshalling by boto3's own serializer, expressions with named placeholders.

In expressions `#name` stands for the attribute `name` and `:name` for the value `name`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from pam.platform.errors import STORE_UNAVAILABLE, PamError

P = ParamSpec("P")
R = TypeVar("R")

Item = dict[str, Any]

_serializer = TypeSerializer()
_deserializer = TypeDeserializer()

_PLACEHOLDER = re.compile(r"#(\w+)")


class ConditionFailed(Exception):
    """A condition didn't hold. `item` is the stored item, None where there is none."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("the condition didn't hold")
        self.item = item


class DynamoUnavailable(PamError):
    """DynamoDB didn't answer, or refused for its own reasons (throttling, for instance)."""

    def __init__(self) -> None:
        super().__init__(
            STORE_UNAVAILABLE, "PAM can't reach its storage right now. Please try again in a moment.", retry_after=5
        )


class Owner(NamedTuple):
    """An attribute that a conditional write sets to a token of its own.

    The SDK repeats a write whose response was lost, and the repetition fails on its condition. Where the stored item
    has this token, it was the first attempt that wrote it.
    """

    attribute: str
    token: str


class DynamoTable:
    """One table. Methods raise `DynamoUnavailable`; conditional writes raise `ConditionFailed`. Thread-safe."""

    def __init__(self, client: Any, name: str, key: Sequence[str] = ("key", "item")) -> None:
        """`key` names the key attributes: the partition key, and the sort key if the table has one."""
        self._client = client
        self._name = name
        self._key_names = tuple(key)

    def get(self, *key: str) -> Item | None:
        """Return an item by a consistent read, or None."""
        response = _call(self._client.get_item)(TableName=self._name, Key=self._key(key), ConsistentRead=True)
        return _plain(response["Item"]) if "Item" in response else None

    def get_many(self, *keys: tuple[str, ...]) -> list[Item | None]:
        """Return several items by one consistent request, in the order of `keys`."""
        wanted = {"Keys": [self._key(key) for key in keys], "ConsistentRead": True}
        response = _call(self._client.batch_get_item)(RequestItems={self._name: wanted})
        if response.get("UnprocessedKeys"):  # throttled in part
            raise DynamoUnavailable
        found = {self._key_of(item): item for item in map(_plain, response["Responses"][self._name])}
        return [found.get(key) for key in keys]

    def put(
        self,
        key: tuple[str, ...],
        fields: Mapping[str, Any],
        expires_at: datetime,
        *,
        if_absent: bool = False,
        owner: Owner | None = None,
    ) -> None:
        """Write a whole item. With `if_absent` raise `ConditionFailed` where there is one that isn't `owner`'s."""
        item = dict(zip(self._key_names, key, strict=True)) | {"ttl": int(expires_at.timestamp())} | dict(fields)
        options: dict[str, Any] = {}
        if if_absent:
            options = {
                "ConditionExpression": "attribute_not_exists(#key)",
                "ExpressionAttributeNames": {"#key": self._key_names[0]},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        if owner is not None:
            item[owner.attribute] = owner.token
        try:
            _call(self._client.put_item)(TableName=self._name, Item=_typed(item), **options)
        except ConditionFailed as failure:
            _own_write(failure, owner)

    def update(
        self,
        key: tuple[str, ...],
        expression: str,
        values: Mapping[str, Any] | None = None,
        *,
        condition: str | None = None,
        owner: Owner | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Item:
        """Apply an update expression and return the new item.

        With `owner`, its attribute is set, too: `expression` begins with `set`, or is empty. `names` maps placeholders
        whose attribute has another name. Raises `ConditionFailed`.
        """
        values = dict(values or {})
        if owner is not None:
            own = f"set #{owner.attribute} = :{owner.attribute}"
            expression = f"{own}, {expression.removeprefix('set ')}" if expression else own
            values[owner.attribute] = owner.token
        placeholders = set(_PLACEHOLDER.findall(f"{expression} {condition or ''}"))
        options: dict[str, Any] = {}
        if placeholders:
            renamed = names or {}
            options["ExpressionAttributeNames"] = {f"#{name}": renamed.get(name, name) for name in placeholders}
        if values:
            options["ExpressionAttributeValues"] = {f":{name}": _serialize(value) for name, value in values.items()}
        if condition:
            options |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        try:
            response = _call(self._client.update_item)(
                TableName=self._name,
                Key=self._key(key),
                UpdateExpression=expression,
                ReturnValues="ALL_NEW",
                **options,
            )
        except ConditionFailed as failure:
            return _own_write(failure, owner)
        return _plain(response.get("Attributes", {}))

    def delete(self, *key: str) -> None:
        """Delete an item, if there is one."""
        _call(self._client.delete_item)(TableName=self._name, Key=self._key(key))

    def query(self, partition: str, *, prefix: str = "", after: str = "") -> list[Item]:
        """Return a partition's items whose sort keys begin with `prefix` and aren't less than `after`."""
        items: list[Item] = []
        page: dict[str, Any] = {}
        request = {
            "TableName": self._name,
            "KeyConditionExpression": "#key = :key and #item between :first and :last",
            "ExpressionAttributeNames": {"#key": self._key_names[0], "#item": self._key_names[1]},
            "ExpressionAttributeValues": _typed({":key": partition, ":first": after or " ", ":last": f"{prefix}~"}),
            "ConsistentRead": True,
        }
        while True:
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]} if page else {}
            page = _call(self._client.query)(**request, **start)
            items += map(_plain, page["Items"])
            if "LastEvaluatedKey" not in page:
                return items

    def _key(self, key: Sequence[str]) -> dict[str, Any]:
        return {name: {"S": value} for name, value in zip(self._key_names, key, strict=True)}

    def _key_of(self, item: Item) -> tuple[str, ...]:
        return tuple(item[name] for name in self._key_names)


def _own_write(failure: ConditionFailed, owner: Owner | None) -> Item:
    """Return the stored item where it carries the owner's token; raise the failure otherwise."""
    if owner is not None and failure.item is not None and failure.item.get(owner.attribute) == owner.token:
        return failure.item
    raise failure


def _call(operation: Callable[P, R]) -> Callable[P, R]:
    """Wrap a client operation: DynamoDB's errors become this module's."""

    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return operation(*args, **kwargs)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                stored: Any = error.response.get("Item")
                raise ConditionFailed(_plain(stored) if stored else None) from None
            raise DynamoUnavailable from error
        except BotoCoreError as error:
            raise DynamoUnavailable from error

    return call


def _serialize(value: Any) -> Any:
    """Serialize a value. boto3 takes no floats: a number keeps the milliseconds of a Unix time."""
    return _serializer.serialize(Decimal(f"{value:.3f}") if isinstance(value, float) else value)


def _typed(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _serialize(value) for name, value in fields.items()}


def _plain(fields: Mapping[str, Any]) -> Item:
    return {name: _value(_deserializer.deserialize(value)) for name, value in fields.items()}


def _value(value: Any) -> Any:
    return cast(Any, value).value if isinstance(value, Binary) else value
