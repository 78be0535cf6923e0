"""DynamoDB's operations as requests of its JSON protocol: those that PAM uses. Anything else is refused by name."""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from local.http_server import HttpRequest, HttpResponse
from local.stand_ins.dynamodb.attribute_values import Attributes, AttributeValue, normalized, stored_size
from local.stand_ins.dynamodb.conditions import Condition, Scope, parse_condition
from local.stand_ins.dynamodb.errors import DynamoDBError, validation_error
from local.stand_ins.dynamodb.key_conditions import parse_key_condition
from local.stand_ins.dynamodb.table import MAX_PAGE_BYTES, Key, Table
from local.stand_ins.dynamodb.tokens import Path, Tokens, resolve
from local.stand_ins.dynamodb.updates import Update, parse_update

MAX_BATCH_KEYS = 100

_EXPRESSION_NAMES = frozenset({"ExpressionAttributeNames", "ExpressionAttributeValues"})
_CONDITION = _EXPRESSION_NAMES | {"ConditionExpression", "ReturnValues", "ReturnValuesOnConditionCheckFailure"}
_PAGE = frozenset({"TableName", "Limit", "ExclusiveStartKey", "ConsistentRead", "ProjectionExpression"})

_PARAMETERS: Mapping[str, frozenset[str]] = {
    "GetItem": frozenset({"TableName", "Key", "ConsistentRead"}),
    "BatchGetItem": frozenset({"RequestItems"}),
    "PutItem": _CONDITION | {"TableName", "Item"},
    "UpdateItem": _CONDITION | {"TableName", "Key", "UpdateExpression"},
    "DeleteItem": _CONDITION | {"TableName", "Key"},
    "Query": _PAGE | _EXPRESSION_NAMES | {"KeyConditionExpression", "ScanIndexForward"},
    "Scan": _PAGE | {"ExpressionAttributeNames"},
    "DescribeTable": frozenset({"TableName"}),
    "DescribeTimeToLive": frozenset({"TableName"}),
    "UpdateTimeToLive": frozenset({"TableName", "TimeToLiveSpecification"}),
}
"""The operations on tables with the parameters that the stand-in implements."""

Parameters = Mapping[str, Any]
Result = TypeVar("Result")


class DynamoDB:
    """All tables, in memory. Every request is handled to its end before the next one: writes are atomic."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer a request of the protocol `application/x-amz-json-1.0`."""
        operation = request.headers.get("x-amz-target", "").removeprefix("DynamoDB_20120810.")
        try:
            try:
                parameters = json.loads(request.body)
            except ValueError:
                raise DynamoDBError("SerializationException", "The request isn't JSON") from None
            if not isinstance(parameters, dict):
                raise DynamoDBError("SerializationException", "Start of structure or map expected")
            return _response(200, self.call(operation, parameters))
        except DynamoDBError as error:
            body: dict[str, Any] = {
                "__type": f"com.amazonaws.dynamodb.v20120810#{error.code}",
                "message": error.message,
            }
            if error.item is not None:
                body["Item"] = error.item
            return _response(400, body)

    def call(self, operation: str, parameters: Parameters) -> dict[str, Any]:
        """Run an operation and return its result. Raises `DynamoDBError`."""
        if operation == "CreateTable":
            return self._create_table(parameters)
        if operation not in _PARAMETERS:
            raise DynamoDBError("UnknownOperationException", f"The stand-in has no operation {operation}")
        if unknown := sorted(parameters.keys() - _PARAMETERS[operation]):
            raise validation_error(f"The stand-in doesn't implement {', '.join(unknown)} of {operation}")
        run: Callable[[Parameters], dict[str, Any]] = {
            "GetItem": self._get_item,
            "BatchGetItem": self._batch_get_item,
            "PutItem": self._put_item,
            "UpdateItem": self._update_item,
            "DeleteItem": self._delete_item,
            "Query": self._query,
            "Scan": self._scan,
            "DescribeTable": self._describe_table,
            "DescribeTimeToLive": self._describe_time_to_live,
            "UpdateTimeToLive": self._update_time_to_live,
        }[operation]
        return run(parameters)

    def _create_table(self, parameters: Parameters) -> dict[str, Any]:
        name = parameters["TableName"]
        if name in self._tables:
            raise DynamoDBError("ResourceInUseException", f"Table already exists: {name}")
        types = {each["AttributeName"]: each["AttributeType"] for each in parameters["AttributeDefinitions"]}
        keys = {each["AttributeName"] for each in parameters["KeySchema"]}
        if types.keys() != keys or "GlobalSecondaryIndexes" in parameters or "LocalSecondaryIndexes" in parameters:
            raise validation_error("The stand-in has no secondary indexes: attributes are those of the key")
        self._tables[name] = Table(name, parameters["KeySchema"], types)
        return {"TableDescription": self._describe_table(parameters)["Table"]}

    def _describe_table(self, parameters: Parameters) -> dict[str, Any]:
        table = self._table(parameters)
        return {"Table": {"TableName": table.name, "TableStatus": "ACTIVE", "ItemCount": table.item_count}}

    def _update_time_to_live(self, parameters: Parameters) -> dict[str, Any]:
        """Accept the setting. DynamoDB may take days to delete an expired item: readers can't rely on it."""
        specification = parameters["TimeToLiveSpecification"]
        self._table(parameters).expiry_name = specification["AttributeName"] if specification["Enabled"] else None
        return {"TimeToLiveSpecification": specification}

    def _describe_time_to_live(self, parameters: Parameters) -> dict[str, Any]:
        name = self._table(parameters).expiry_name
        if name is None:
            return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": name}}

    def _get_item(self, parameters: Parameters) -> dict[str, Any]:
        table = self._table(parameters)
        item = table.get(table.key_of(parameters["Key"]))
        return {} if item is None else {"Item": item}

    def _batch_get_item(self, parameters: Parameters) -> dict[str, Any]:
        responses: dict[str, list[Attributes]] = {}
        wanted = parameters["RequestItems"]
        if sum(len(each["Keys"]) for each in wanted.values()) > MAX_BATCH_KEYS:
            raise validation_error("Too many items requested for the BatchGetItem call")
        for name, request in wanted.items():
            if unknown := sorted(request.keys() - {"Keys", "ConsistentRead"}):
                raise validation_error(f"The stand-in doesn't implement {', '.join(unknown)} of BatchGetItem")
            table = self._table({"TableName": name})
            keys = [table.key_of(key) for key in request["Keys"]]
            if len(set(keys)) < len(keys):
                raise validation_error("Provided list of item keys contains duplicates")
            responses[name] = [item for item in map(table.get, keys) if item is not None]
        return {"Responses": responses, "UnprocessedKeys": {}}

    def _put_item(self, parameters: Parameters) -> dict[str, Any]:
        table = self._table(parameters)
        item = {name: normalized(value) for name, value in parameters["Item"].items()}
        condition, scope = _condition(parameters)
        old = _write(parameters, lambda: table.put(item, condition, scope))
        return _returned(parameters, old, None, allowed=("NONE", "ALL_OLD"))

    def _update_item(self, parameters: Parameters) -> dict[str, Any]:
        table = self._table(parameters)
        key = table.key_of(parameters["Key"])
        key_attributes = {name: normalized(value) for name, value in parameters["Key"].items()}
        text = parameters.get("UpdateExpression")
        update = None if text is None else parse_update(text)
        condition, scope = _condition(parameters, update)
        old, new = _write(parameters, lambda: table.update(key, key_attributes, update, condition, scope))
        return _returned(parameters, old, new, allowed=("NONE", "ALL_OLD", "ALL_NEW"))

    def _delete_item(self, parameters: Parameters) -> dict[str, Any]:
        table = self._table(parameters)
        key = table.key_of(parameters["Key"])
        condition, scope = _condition(parameters)
        old = _write(parameters, lambda: table.delete(key, condition, scope))
        return _returned(parameters, old, None, allowed=("NONE", "ALL_OLD"))

    def _query(self, parameters: Parameters) -> dict[str, Any]:
        table = self._table(parameters)
        condition = parse_key_condition(parameters.get("KeyConditionExpression", ""))
        projection = _Projection(parameters)
        scope = _scope(parameters, condition.names | projection.names, condition.values)
        hash_key, matches = condition.bind(table.key_names, scope.names, scope.values)
        items = table.partition(hash_key, is_forward=parameters.get("ScanIndexForward", True))
        return _page(table, (item for key, item in items if matches(key[1])), parameters, projection, scope)

    def _scan(self, parameters: Parameters) -> dict[str, Any]:
        table = self._table(parameters)
        projection = _Projection(parameters)
        scope = _scope(parameters, projection.names, frozenset())
        return _page(table, (item for _, item in table.all_items()), parameters, projection, scope)

    def _table(self, parameters: Parameters) -> Table:
        try:
            return self._tables[parameters["TableName"]]
        except KeyError:
            raise DynamoDBError("ResourceNotFoundException", "Requested resource not found") from None


class _Projection:
    """The attributes that a read returns: top-level ones, or all."""

    def __init__(self, parameters: Parameters) -> None:
        self.names: frozenset[str] = frozenset()
        self._paths: list[Path] | None = None
        text = parameters.get("ProjectionExpression")
        if text is None:
            return
        tokens = Tokens("ProjectionExpression", text)
        self._paths = [tokens.path()]
        while tokens.accept(","):
            self._paths.append(tokens.path())
        if tokens.next:
            raise tokens.error(tokens.next)
        if any(len(path) > 1 for path in self._paths):
            raise validation_error("The stand-in projects top-level attributes only")
        self.names = frozenset(tokens.names)

    def apply(self, item: Attributes, names: Mapping[str, str]) -> Attributes:
        """Return the item's selected attributes."""
        if self._paths is None:
            return item
        wanted = {resolve(path, names)[0] for path in self._paths}
        return {name: value for name, value in item.items() if name in wanted}


def _page(
    table: Table, items: Iterable[Attributes], parameters: Parameters, projection: _Projection, scope: Scope
) -> dict[str, Any]:
    """Return a page of items: at most `Limit`, and at most a megabyte."""
    start = parameters.get("ExclusiveStartKey")
    limit = parameters.get("Limit")
    remaining = iter(items)
    if start is not None:
        _skip(table, remaining, table.key_of(start))
    found: list[Attributes] = []
    size = 0
    last: Attributes | None = None
    for item in remaining:
        size += stored_size(item)
        found.append(projection.apply(item, scope.names))
        if (limit is not None and len(found) >= limit) or size >= MAX_PAGE_BYTES:
            last = item
            break
    result = {"Items": found, "Count": len(found), "ScannedCount": len(found)}
    if last is not None:
        result["LastEvaluatedKey"] = {name: last[name] for name in table.key_names.values()}
    return result


def _skip(table: Table, items: Iterator[Attributes], start: Key) -> None:
    for item in items:
        if table.key_of(item, is_whole_item=True) == start:
            return


def _condition(parameters: Parameters, update: Update | None = None) -> tuple[Condition | None, Scope]:
    """Return a write's condition and the scope of its expressions."""
    text = parameters.get("ConditionExpression")
    condition = None if text is None else parse_condition(text)
    parsed = [each for each in (condition, update) if each is not None]
    names: frozenset[str] = frozenset().union(*(each.names for each in parsed))
    values: frozenset[str] = frozenset().union(*(each.values for each in parsed))
    return condition, _scope(parameters, names, values)


def _scope(parameters: Parameters, names: frozenset[str], values: frozenset[str]) -> Scope:
    """Return the placeholders' meanings. Raises `DynamoDBError` where one is missing or unused."""
    given_names: dict[str, str] = parameters.get("ExpressionAttributeNames", {})
    given_values: dict[str, AttributeValue] = parameters.get("ExpressionAttributeValues", {})
    for parameter, given, used in (
        ("ExpressionAttributeNames", given_names, names),
        ("ExpressionAttributeValues", given_values, values),
    ):
        if parameter in parameters and not given:
            raise validation_error(f"{parameter} must not be empty")
        if missing := sorted(used - given.keys()):
            raise validation_error(
                f"An expression uses a placeholder that {parameter} doesn't define: {', '.join(missing)}"
            )
        if unused := sorted(given.keys() - used):
            raise validation_error(
                f"Value provided in {parameter} unused in expressions: keys: {{{', '.join(unused)}}}"
            )
    return Scope({}, given_names, {name: normalized(value) for name, value in given_values.items()})


def _write(parameters: Parameters, write: Callable[[], Result]) -> Result:
    """Run a conditional write. The error has the stored item only where the request asks for it."""
    try:
        return write()
    except DynamoDBError as error:
        if parameters.get("ReturnValuesOnConditionCheckFailure", "NONE") != "ALL_OLD":
            error.item = None
        raise


def _returned(
    parameters: Parameters, old: Attributes | None, new: Attributes | None, *, allowed: tuple[str, ...]
) -> dict[str, Any]:
    wanted = parameters.get("ReturnValues", "NONE")
    if wanted not in allowed:
        raise validation_error(f"The stand-in returns {' or '.join(allowed)} here, not {wanted}")
    item = {"NONE": None, "ALL_OLD": old, "ALL_NEW": new}[wanted]
    return {} if item is None else {"Attributes": item}


def _response(status: int, body: Mapping[str, Any]) -> HttpResponse:
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": secrets.token_hex(16)}
    return HttpResponse(status, json.dumps(body).encode(), headers)
