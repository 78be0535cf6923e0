"""The rules of DynamoDB that its stand-in enforces, and its atomicity."""

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from local.stand_ins.aws import Aws
from local.stand_ins.dynamodb.api import DynamoDB
from local.stand_ins.dynamodb.errors import DynamoDBError
from tests.functional.stand_ins.client import running
from tests.functional.stand_ins.dynamodb.tables import SCHEMA, key


@pytest.fixture
def dynamodb() -> DynamoDB:
    created = DynamoDB()
    created.call("CreateTable", SCHEMA)
    return created


def put(dynamodb: DynamoDB, name: str, item: str = "1", **attributes: Any) -> None:
    dynamodb.call("PutItem", {"TableName": "t", "Item": key(name, item) | attributes})


def update(dynamodb: DynamoDB, name: str, expression: str, **values: Any) -> dict[str, Any]:
    """Update an item; `values` are those of the placeholders. Return the new item without its key."""
    request: dict[str, Any] = {"TableName": "t", "Key": key(name), "UpdateExpression": expression}
    if values:
        request["ExpressionAttributeValues"] = {f":{each}": value for each, value in values.items()}
    result = dynamodb.call("UpdateItem", request | {"ReturnValues": "ALL_NEW"})["Attributes"]
    return {each: value for each, value in result.items() if each not in ("key", "item")}


def refusal(dynamodb: DynamoDB, operation: str, **parameters: Any) -> str:
    with pytest.raises(DynamoDBError) as raised:
        dynamodb.call(operation, {"TableName": "t"} | parameters)
    return f"{raised.value.code}: {raised.value.message}"


# Rules


def test_values_are_computed_from_the_item_as_it_was(dynamodb: DynamoDB) -> None:
    put(dynamodb, "a", x={"N": "1"}, y={"N": "2"})
    assert update(dynamodb, "a", "set x = y, y = x") == {"x": {"N": "2"}, "y": {"N": "1"}}


def test_list_members_are_removed_by_their_old_indexes(dynamodb: DynamoDB) -> None:
    put(dynamodb, "a", x={"L": [{"N": str(number)} for number in range(5)]})
    changed = update(dynamodb, "a", "remove x[1], x[3] set x[0] = :v, x[9] = :w", v={"S": "v"}, w={"S": "w"})
    assert changed == {"x": {"L": [{"S": "v"}, {"N": "2"}, {"N": "4"}, {"S": "w"}]}}


def test_the_last_member_of_a_set_takes_the_attribute_with_it(dynamodb: DynamoDB) -> None:
    put(dynamodb, "a", x={"SS": ["one", "two"]})
    assert update(dynamodb, "a", "delete x :v", v={"SS": ["one", "three"]}) == {"x": {"SS": ["two"]}}
    assert update(dynamodb, "a", "delete x :v", v={"SS": ["two"]}) == {}


@pytest.mark.parametrize(
    ("sent", "returned"), [("1.50", "1.5"), ("1E3", "1000"), ("-0", "0"), ("0.000100", "0.0001"), ("007", "7")]
)
def test_numbers_are_returned_in_one_notation(dynamodb: DynamoDB, sent: str, returned: str) -> None:
    put(dynamodb, "a", x={"N": sent})
    assert dynamodb.call("GetItem", {"TableName": "t", "Key": key("a")})["Item"]["x"] == {"N": returned}


@pytest.mark.parametrize(
    "value",
    [
        {"N": "one"},
        {"N": "NaN"},
        {"N": "Infinity"},
        {"N": "1e126"},
        {"N": "1e-131"},
        {"N": "1" * 39},
        {"SS": []},
        {"SS": ["a", "a"]},
        {"NS": ["1", "1.0"]},
        {"S": 1},
        {"S": "a", "N": "1"},
        {},
        {"NULL": False},
        {"B": "%"},
    ],
    ids=json.dumps,
)
def test_wrong_values_are_refused(dynamodb: DynamoDB, value: Any) -> None:
    assert refusal(dynamodb, "PutItem", Item=key("a") | {"x": value}).startswith("ValidationException")


@pytest.mark.parametrize(
    "wrong", [key("a") | {"x": {"S": "y"}}, {"key": {"S": "a"}}, key(""), key("a", ""), key("a") | {"item": {"N": "1"}}]
)
def test_keys_that_do_not_fit_the_schema_are_refused(dynamodb: DynamoDB, wrong: Mapping[str, Any]) -> None:
    assert refusal(dynamodb, "GetItem", Key=wrong).startswith("ValidationException")


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("set item = :v", {":v": {"S": "2"}}),
        ("set x[1].y = :v", {":v": {"S": "2"}}),
        ("set x = :v, x = :v", {":v": {"S": "2"}}),
        ("set x = :v remove x.y", {":v": {"S": "2"}}),
        ("set x = :v set y = :v", {":v": {"S": "2"}}),
        ("set x.y = :v", {":v": {"S": "2"}}),
        ("set x = y", {}),
        ("set x = :v + :v", {":v": {"S": "2"}}),
        ("set x = list_append(:v, :v)", {":v": {"S": "2"}}),
        ("add x :v", {":v": {"S": "2"}}),
        ("set status = :v", {":v": {"S": "2"}}),
        ("set x = :v", {}),
        ("set x = :v", {":v": {"S": "2"}, ":unused": {"S": "3"}}),
        ("set x == :v", {":v": {"S": "2"}}),
        ("put x = :v", {":v": {"S": "2"}}),
        ("", {}),
    ],
)
def test_wrong_updates_are_refused_and_change_nothing(
    dynamodb: DynamoDB, expression: str, values: dict[str, Any]
) -> None:
    put(dynamodb, "a", z={"N": "1"})
    request = {"Key": key("a"), "UpdateExpression": expression}
    if values:
        request["ExpressionAttributeValues"] = values
    assert refusal(dynamodb, "UpdateItem", **request).startswith("ValidationException")
    assert dynamodb.call("GetItem", {"TableName": "t", "Key": key("a")})["Item"] == key("a") | {"z": {"N": "1"}}


def test_a_key_attribute_cannot_be_updated(dynamodb: DynamoDB) -> None:
    request = {"ExpressionAttributeNames": {"#i": "item"}, "ExpressionAttributeValues": {":v": {"S": "2"}}}
    message = refusal(dynamodb, "UpdateItem", Key=key("a"), UpdateExpression="set #i = :v", **request)
    assert "part of the key" in message


def test_an_item_has_a_largest_size(dynamodb: DynamoDB) -> None:
    put(dynamodb, "a", x={"S": "x" * 409_000})
    assert "Item size" in refusal(dynamodb, "PutItem", Item=key("a") | {"x": {"S": "x" * 410_000}})


def test_a_failed_condition_returns_the_item_only_where_it_is_asked_for(dynamodb: DynamoDB) -> None:
    put(dynamodb, "a", x={"N": "1"})
    request = {"TableName": "t", "Item": key("a"), "ConditionExpression": "attribute_not_exists(x)"}
    for wanted, item in (("NONE", None), ("ALL_OLD", key("a") | {"x": {"N": "1"}})):
        with pytest.raises(DynamoDBError) as raised:
            dynamodb.call("PutItem", request | {"ReturnValuesOnConditionCheckFailure": wanted})
        assert (raised.value.code, raised.value.item) == ("ConditionalCheckFailedException", item)


def test_a_page_has_a_megabyte_at_most_and_the_next_one_continues(dynamodb: DynamoDB) -> None:
    for number in range(8):
        put(dynamodb, "a", str(number), x={"S": "x" * 300_000})
    put(dynamodb, "b")
    request: dict[str, Any] = {
        "TableName": "t",
        "KeyConditionExpression": "#k = :k and #i >= :from",
        "ExpressionAttributeNames": {"#k": "key", "#i": "item"},
        "ExpressionAttributeValues": {":k": {"S": "a"}, ":from": {"S": "1"}},
    }
    pages = [dynamodb.call("Query", request)]
    while last := pages[-1].get("LastEvaluatedKey"):
        pages.append(dynamodb.call("Query", request | {"ExclusiveStartKey": last}))
    assert [[item["item"]["S"] for item in page["Items"]] for page in pages] == [list("1234"), list("567")]


def test_what_is_not_implemented_is_refused_by_name(dynamodb: DynamoDB) -> None:
    assert "FilterExpression" in refusal(dynamodb, "Query", FilterExpression="x = :x")
    assert "TransactWriteItems" in refusal(dynamodb, "TransactWriteItems")
    assert refusal(dynamodb, "GetItem", TableName="other", Key=key("a")).startswith("ResourceNotFoundException")


def test_a_query_costs_no_more_among_many_items(dynamodb: DynamoDB) -> None:
    """Ratio of the fastest of several runs: with a scan it would be about 100."""
    request = {
        "TableName": "t",
        "KeyConditionExpression": "#key = :key",
        "ExpressionAttributeNames": {"#key": "key"},
        "ExpressionAttributeValues": {":key": {"S": "a"}},
    }
    for number in range(5):
        put(dynamodb, "a", str(number))

    def fastest() -> float:
        times = []
        for _ in range(50):
            began = time.process_time()
            dynamodb.call("Query", request)
            times.append(time.process_time() - began)
        return min(times)

    alone = fastest()
    for number in range(20_000):
        put(dynamodb, f"other {number}")
    assert fastest() < 5 * alone


# Atomicity, over HTTP


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    aws = Aws(tmp_path_factory.mktemp("dynamodb") / "aws.log")
    with running(aws):
        session = boto3.Session("local", "local", region_name="us-east-1")
        made: Any = session.client("dynamodb", endpoint_url=aws.endpoint, config=Config(max_pool_connections=16))
        made.create_table(**SCHEMA)
        yield made


def test_concurrent_writes_are_atomic(client: Any) -> None:
    """One of 16 creators of an item wins, and no increment is lost."""

    def write(number: int) -> bool:
        name = str(number % 25)
        client.update_item(
            TableName="t",
            Key=key(name, "count"),
            UpdateExpression="add n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        try:
            client.put_item(
                TableName="t",
                Item=key(name),
                ConditionExpression="attribute_not_exists(#key)",
                ExpressionAttributeNames={"#key": "key"},
            )
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ConditionalCheckFailedException"
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(write, range(400))) == 25
    counts = [client.get_item(TableName="t", Key=key(str(name), "count"))["Item"]["n"]["N"] for name in range(25)]
    assert counts == ["16"] * 25


def test_requests_without_a_signature_are_refused(client: Any) -> None:
    anonymous: Any = boto3.Session(region_name="us-east-1").client(
        "dynamodb",
        endpoint_url=client.meta.endpoint_url,
        config=Config(signature_version=UNSIGNED),
    )
    with pytest.raises(ClientError) as raised:
        anonymous.get_item(TableName="t", Key=key("a"))
    assert raised.value.response["Error"]["Code"] == "MissingAuthenticationTokenException"
