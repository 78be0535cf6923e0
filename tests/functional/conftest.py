"""Fixtures of several functional tests."""

from typing import Any

import boto3
import pytest

from local.stack import LocalStack


@pytest.fixture(scope="session")
def shared_table(stack: LocalStack) -> Any:
    """The table of the shared cache and of the circuit breakers."""
    environment = stack.environment_of("weather")
    resource = boto3.resource(
        "dynamodb",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    return resource.Table(environment["SHARED_CACHE_TABLE"])
