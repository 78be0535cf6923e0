"""AWS within the process of a test, by moto."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from moto import mock_aws


@contextmanager
def aws_in_process(config: Any = None) -> Iterator[boto3.Session]:
    """Yield a session at an empty account; `config` is moto's.

    moto sees requests to AWS's own hosts only, and not those to the endpoint of a local stack, which the environment
    names in tests of functions.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        with mock_aws(config=config):
            yield boto3.Session("test", "test", region_name="us-east-1")
