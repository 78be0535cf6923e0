"""Clients of the AWS services of a local stack."""

from typing import Any

import boto3

from local.stack import LocalStack
from local.template.intrinsics import REGION

_session: Any = boto3.Session("local", "local", region_name=REGION)
"""One, since each loads botocore's data again."""


def local_client(stack: LocalStack, service: str) -> Any:
    """Return a client of a service, such as `dynamodb`."""
    return _session.client(service, endpoint_url=stack.aws_endpoint)
