"""The custom resource through which CloudFormation migrates the database before it updates the functions.

The protocol: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

import json
from collections.abc import Callable
from typing import Any, Literal

import urllib3
from pydantic import BaseModel, ConfigDict, Field

from pam.migrations.excerpts import first_line
from pam.migrations.files import SchemaAheadError
from pam.platform.observability import logger

# One for ever: CloudFormation takes another id for a replacement, and would delete the "old" resource.
PHYSICAL_RESOURCE_ID = "schema"

# A response has at most 4,096 bytes, of which ids take about 500; a character takes up to 6 ("\uXXXX").
MAX_REASON_CHARS = 500

RESPONSE_TIMEOUT_S = 10
_RETRY = urllib3.Retry(3, backoff_factor=0.5, status_forcelist=[500, 502, 503, 504], allowed_methods=["PUT"])


class ResponseError(Exception):
    """CloudFormation did not take the response."""


class ResourceProperties(BaseModel):
    """What template.yaml gives the resource, as far as it is read here: a change of any property causes an update."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    migrations_layer: str = Field(alias="MigrationsLayer", pattern=r":[0-9]+$")
    """ARN of the layer's version; Lambda numbers the versions of a layer upwards and uses no number twice."""

    @property
    def layer_version(self) -> int:
        return int(self.migrations_layer.rpartition(":")[2])


class ResourceRequest(BaseModel):
    """CloudFormation's request."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: Literal["Create", "Update", "Delete"] = Field(alias="RequestType")
    response_url: str = Field(alias="ResponseURL")
    stack_id: str = Field(alias="StackId")
    request_id: str = Field(alias="RequestId")
    logical_resource_id: str = Field(alias="LogicalResourceId")
    properties: ResourceProperties = Field(alias="ResourceProperties")
    old_properties: ResourceProperties | None = Field(alias="OldResourceProperties", default=None)

    @property
    def is_rollback(self) -> bool:
        """Whether the stack returns to its last release: only then does a layer's version number go down."""
        return self.old_properties is not None and self.properties.layer_version < self.old_properties.layer_version


def handle(event: dict[str, Any], migrate: Callable[[], list[str]]) -> dict[str, Any]:
    """Migrate if the request asks for it, report to CloudFormation, and return what was reported.

    Neither a deletion nor a rollback changes the schema. They succeed without the database, so that its faults cannot
    block them. Raises `ResponseError` and urllib3's errors where the report cannot be delivered.
    """
    request = ResourceRequest.model_validate(event)
    status, reason = "SUCCESS", "Nothing to migrate."
    try:
        if request.type != "Delete" and not request.is_rollback:
            reason = f"Applied: {', '.join(migrate()) or 'nothing was missing'}."
    except SchemaAheadError as ahead:
        # An older release is deployed again. Its code works with the newer schema (docs/operations.md).
        reason = str(ahead)
    except Exception as error:  # whatever it is, CloudFormation waits for a response
        logger.exception("migration failed")
        # The statement after it may be the one that sets the password.
        status, reason = "FAILED", f"{type(error).__name__}: {first_line(error)}"
    response = {
        "Status": status,
        "Reason": reason[:MAX_REASON_CHARS],
        "PhysicalResourceId": PHYSICAL_RESOURCE_ID,
        "StackId": request.stack_id,
        "RequestId": request.request_id,
        "LogicalResourceId": request.logical_resource_id,
    }
    logger.info("migration reported", status=status, reason=reason)
    _put(request.response_url, response)
    return response


def _put(url: str, response: dict[str, Any]) -> None:
    # The URL is signed for a request without a content type.
    reply = urllib3.PoolManager(retries=_RETRY, timeout=RESPONSE_TIMEOUT_S).request(
        "PUT", url, body=json.dumps(response).encode(), headers={"content-type": ""}
    )
    if reply.status != 200:
        raise ResponseError(f"S3 answered {reply.status}.")
