"""The store of responses by idempotency key, in the process of a function."""

from botocore.awsrequest import AWSRequest

from pam.platform.idempotency import IdempotencyStore
from tests.moto_aws import aws_in_process


def test_stores_of_one_table_share_the_handler_of_requests() -> None:
    """A store adds a handler to its client, for each of its requests. No second store does."""
    with aws_in_process() as session:
        client = session.client("dynamodb")
        called = []
        for _ in range(3):
            IdempotencyStore(client, "idempotency")
            event = "request-created.another-service"  # without the handlers of the service itself
            called.append(len(client.meta.events.emit(event, request=AWSRequest())))
    assert called[0] == called[-1] > 0
