"""A table of the stand-in for DynamoDB."""

from typing import Any

SCHEMA = {
    "TableName": "t",
    "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}, {"AttributeName": "item", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": "key", "AttributeType": "S"},
        {"AttributeName": "item", "AttributeType": "S"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
}


def key(name: str, item: str = "1") -> dict[str, Any]:
    return {"key": {"S": name}, "item": {"S": item}}
