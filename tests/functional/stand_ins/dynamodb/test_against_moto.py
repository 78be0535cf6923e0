"""The stand-in for DynamoDB gives the same results as moto's for generated requests."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from local.stand_ins.dynamodb.api import DynamoDB
from local.stand_ins.dynamodb.errors import DynamoDBError
from tests.functional.stand_ins.dynamodb.tables import SCHEMA, key

_scalars = st.one_of(
    st.integers(-3, 12).map(lambda number: {"N": str(number)}), st.sampled_from("ab c").map(lambda text: {"S": text})
)
_values = st.one_of(
    _scalars,
    st.lists(_scalars, max_size=3).map(lambda members: {"L": members}),
    st.sets(st.sampled_from("abc"), min_size=1).map(lambda members: {"SS": sorted(members)}),
    st.dictionaries(st.sampled_from("yz"), _scalars, max_size=2).map(lambda members: {"M": members}),
)
_paths = st.sampled_from(["#x", "#y"])
_scalar_tests = st.sampled_from(
    ["{0} = :v", "{0} <> :v", "{0} < :v", "{0} >= :v", "{0} between :v and :w", "{0} in (:v, :w)", "contains({0}, :v)"]
)
_tests = st.one_of(
    st.tuples(_scalar_tests, _paths).map(lambda drawn: drawn[0].format(drawn[1])),
    _paths.map("attribute_exists({})".format),
    _paths.map("attribute_not_exists({})".format),
    _paths.map("size({}) > :n".format),
)
_conditions = st.recursive(
    _tests,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda drawn: "({} {} {})".format(*drawn)),
        inner.map("(not {})".format),
    ),
    max_leaves=4,
)
_updates = st.sampled_from(
    [
        "set #x = :v",
        "set #x = :v, #y = if_not_exists(#y, :w)",
        "set #y = #x",
        "set #x = if_not_exists(#x, :n) + :n",
        "set #x = list_append(if_not_exists(#x, :none), :one)",
        "remove #x",
        "remove #x set #y = :w",
        "add #x :n",
        "add #x :set",
        "delete #x :set",
        "set #x = #x - :n",
    ]
)


@st.composite
def _requests(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    operation = draw(st.sampled_from(["PutItem", "UpdateItem", "UpdateItem", "DeleteItem"]))
    name = key(draw(st.sampled_from(["a", "b"])))
    request: dict[str, Any] = {"TableName": "t"}
    text = ""
    if operation == "PutItem":
        request["Item"] = name | draw(st.dictionaries(st.sampled_from("xy"), _values, max_size=2))
    else:
        request["Key"] = name
    if operation == "UpdateItem":
        text = request["UpdateExpression"] = draw(_updates)
        request["ReturnValues"] = "ALL_NEW"
    if draw(st.booleans()):
        request["ConditionExpression"] = draw(_conditions)
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        text += f" {request['ConditionExpression']}"
    names = {f"#{each}": each for each in "xy" if f"#{each}" in text}
    values: dict[str, Any] = {
        ":v": draw(_scalars),
        ":w": draw(_scalars),
        ":n": {"N": "2"},
        ":none": {"L": []},
        ":one": {"L": [{"S": "new"}]},
        ":set": {"SS": ["a", "d"]},
    }
    used = {
        each: value for each, value in values.items() if f"{each} " in f"{text} ".replace(")", " ").replace(",", " ")
    }
    if names:
        request["ExpressionAttributeNames"] = names
    if used:
        request["ExpressionAttributeValues"] = used
    return operation, request


@pytest.fixture(scope="module")
def moto_client() -> Iterator[Any]:
    with mock_aws():
        yield boto3.Session("local", "local", region_name="us-east-1").client(
            "dynamodb", endpoint_url="https://dynamodb.us-east-1.amazonaws.com"
        )


@settings(max_examples=150)
@given(requests=st.lists(_requests(), min_size=1, max_size=6))
def test_generated_requests_have_the_same_results_as_with_moto(
    moto_client: Any, requests: list[tuple[str, dict[str, Any]]]
) -> None:
    ours = DynamoDB()
    ours.call("CreateTable", SCHEMA)
    moto_client.create_table(**SCHEMA)
    try:
        for operation, request in requests:
            expected = _moto_result(moto_client, operation, request)
            if expected is None:
                return
            assert _our_result(ours, operation, request) == expected, request
    finally:
        moto_client.delete_table(TableName="t")


def _our_result(dynamodb: DynamoDB, operation: str, request: dict[str, Any]) -> Any:
    try:
        return _comparable(dynamodb.call(operation, json.loads(json.dumps(request))).get("Attributes", {}))
    except DynamoDBError as error:
        return error.code, _comparable(error.item)


def _moto_result(client: Any, operation: str, request: dict[str, Any]) -> Any:
    """Return the new item or the error; None where moto fails itself, as when values of two types are compared."""
    method = {"PutItem": client.put_item, "UpdateItem": client.update_item, "DeleteItem": client.delete_item}[operation]
    try:
        return _comparable(method(**request).get("Attributes", {}))
    except ClientError as error:
        return error.response["Error"]["Code"], _comparable(error.response.get("Item"))
    except (TypeError, ValueError):
        return None


def _comparable(value: Any) -> Any:
    """Return a value whose sets are sorted."""
    if isinstance(value, Mapping):
        return {name: sorted(each) if name == "SS" else _comparable(each) for name, each in value.items()}
    return [_comparable(each) for each in value] if isinstance(value, list) else value
