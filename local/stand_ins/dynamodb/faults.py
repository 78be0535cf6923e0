"""Faults of DynamoDB: requests that are throttled, and responses that are lost after the write."""

import asyncio
import json
import random

from pydantic import BaseModel, ConfigDict, Field

from local.http_server import HttpRequest, HttpResponse

_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem"})
_LOST_AFTER_S = 3.0
"""PAM's clients wait for a shorter time."""


class DynamoFaults(BaseModel):
    """The body of `PUT /_control`: the shares of requests that are throttled, and of writes whose response is lost."""

    model_config = ConfigDict(extra="forbid")

    throttled_share: float = Field(0.0, ge=0, le=1)
    lost_share: float = Field(0.0, ge=0, le=1)

    def throttle(self) -> HttpResponse | None:
        """Return the refusal of a request that isn't performed, or None."""
        if random.random() >= self.throttled_share:
            return None
        error = {
            "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
            "message": "The level of configured provisioned throughput for the table was exceeded.",
        }
        return HttpResponse(400, json.dumps(error).encode())

    async def lose(self, request: HttpRequest) -> None:
        """Hold back the response to a write that was performed until its client has given up."""
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        if operation in _WRITES and random.random() < self.lost_share:
            await asyncio.sleep(_LOST_AFTER_S)
