"""A table: items by partition, and in a partition by sort key. Requests cost what the items they touch cost."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local.stand_ins.dynamodb.attribute_values import Attributes, comparable, kind_of, normalized, stored_size
from local.stand_ins.dynamodb.conditions import Condition, Scope
from local.stand_ins.dynamodb.errors import DynamoDBError, validation_error
from local.stand_ins.dynamodb.updates import Update

MAX_ITEM_BYTES = 400 * 1024
MAX_PAGE_BYTES = 1024 * 1024
_MAX_KEY_BYTES = {"HASH": 2048, "RANGE": 1024}

Key = tuple[Any, Any]
"""The comparable values of an item's partition and sort key; the latter is None where the table has none."""


class Table:
    """One table. Each method is atomic as long as one thread calls."""

    def __init__(self, name: str, key_schema: Sequence[Mapping[str, str]], types: Mapping[str, str]) -> None:
        """`key_schema` and `types`, by attribute name, are those of `CreateTable`."""
        self.name = name
        self.key_names = {each["KeyType"]: each["AttributeName"] for each in key_schema}
        self.expiry_name: str | None = None
        """The attribute of items' expiry times."""
        self._types = {name: types[name] for name in self.key_names.values()}
        self._partitions: dict[Any, dict[Any, Attributes]] = {}

    @property
    def item_count(self) -> int:
        """The number of items."""
        return sum(map(len, self._partitions.values()))

    def key_of(self, attributes: Mapping[str, Any], *, is_whole_item: bool = False) -> Key:
        """Return the key in `attributes`, which are nothing but the key unless they're a whole item."""
        if not is_whole_item and attributes.keys() != self._types.keys():
            raise validation_error("The provided key element does not match the schema")
        values: list[Any] = []
        for key_type in ("HASH", "RANGE"):
            name = self.key_names.get(key_type)
            if name is None:
                values.append(None)
                continue
            if name not in attributes:
                raise validation_error(f"One or more parameter values were invalid: Missing the key {name} in the item")
            value = normalized(attributes[name])
            kind = kind_of(value)
            if kind != self._types[name]:
                raise validation_error(
                    f"One or more parameter values were invalid: Type mismatch for key {name} expected: "
                    f"{self._types[name]} actual: {kind}"
                )
            content = comparable(value)
            if kind != "N" and not content:
                raise validation_error(
                    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain "
                    f"an empty string value. Key: {name}"
                )
            if kind != "N" and len(content) > _MAX_KEY_BYTES[key_type]:
                raise validation_error(
                    f"One or more parameter values were invalid: Size of {key_type.lower()}key has exceeded the "
                    f"maximum size limit of {_MAX_KEY_BYTES[key_type]} bytes"
                )
            values.append(content)
        return values[0], values[1]

    def get(self, key: Key) -> Attributes | None:
        """Return an item, or None."""
        return self._partitions.get(key[0], {}).get(key[1])

    def put(self, item: Attributes, condition: Condition | None, scope: Scope) -> Attributes | None:
        """Write a whole item and return the old one."""
        key = self.key_of(item, is_whole_item=True)
        old = self._check(key, condition, scope)
        self._write(key, item)
        return old

    def update(
        self, key: Key, key_attributes: Attributes, update: Update | None, condition: Condition | None, scope: Scope
    ) -> tuple[Attributes | None, Attributes]:
        """Change an item, or create it; return the old and the new one."""
        old = self._check(key, condition, scope)
        new = dict(key_attributes if old is None else old)
        if update is not None:
            scope = Scope(new, scope.names, scope.values)
            for path in update.paths(scope):
                if path[0] in self._types:
                    raise validation_error(
                        "One or more parameter values were invalid: Cannot update attribute "
                        f"{path[0]}. This attribute is part of the key"
                    )
            new = update.apply(scope)
        self._write(key, new)
        return old, new

    def delete(self, key: Key, condition: Condition | None, scope: Scope) -> Attributes | None:
        """Delete an item and return it, or None."""
        old = self._check(key, condition, scope)
        if old is not None:
            partition = self._partitions[key[0]]
            del partition[key[1]]
            if not partition:
                del self._partitions[key[0]]
        return old

    def partition(self, hash_key: Any, *, is_forward: bool) -> Iterator[tuple[Key, Attributes]]:
        """Yield a partition's items, by their sort key."""
        items = self._partitions.get(hash_key, {})
        for sort_key in sorted(items, reverse=not is_forward) if "RANGE" in self.key_names else list(items):
            yield (hash_key, sort_key), items[sort_key]

    def all_items(self) -> Iterator[tuple[Key, Attributes]]:
        """Yield all items: partitions in the order of their creation, in each by sort key."""
        for hash_key in list(self._partitions):
            yield from self.partition(hash_key, is_forward=True)

    def _check(self, key: Key, condition: Condition | None, scope: Scope) -> Attributes | None:
        """Return the stored item. Raises `DynamoDBError` where the condition doesn't hold."""
        old = self.get(key)
        if condition is not None and not condition.holds(Scope(old or {}, scope.names, scope.values)):
            raise DynamoDBError("ConditionalCheckFailedException", "The conditional request failed", old)
        return old

    def _write(self, key: Key, item: Attributes) -> None:
        if stored_size(item) > MAX_ITEM_BYTES:
            raise validation_error("Item size has exceeded the maximum allowed size")
        self._partitions.setdefault(key[0], {})[key[1]] = item
