"""DynamoDB in a process of its own, with the table that verdicts are stored in."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from local.stand_ins.aws import Aws
from tests.functional.sources.cache_fixtures import dynamodb_at
from tests.functional.stand_ins.client import running


@pytest.fixture(scope="session")
def aws_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    aws = Aws(tmp_path_factory.mktemp("safety") / "aws.log")
    with running(aws):
        yield aws.endpoint


@pytest.fixture
def dynamodb(aws_endpoint: str) -> Any:
    return dynamodb_at(aws_endpoint, max_attempts=1)


@pytest.fixture
def verdict_table(dynamodb: Any) -> str:
    """A new table like that of shared answers."""
    name = f"shared-{uuid.uuid4().hex[:8]}"
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
    )
    return name
