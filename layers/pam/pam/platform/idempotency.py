"""A write runs once for each `Idempotency-Key`, however often it arrives; Powertools keeps the ledger."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from pam.platform.errors import IDEMPOTENCY_KEY_REUSED, REQUEST_IN_PROGRESS, STORE_UNAVAILABLE, PamError

_KEPT_S = 24 * 60 * 60


class IdempotencyStore:
    """Remembers for a day what was answered to each key."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._store = DynamoDBPersistenceLayer(table_name=table, boto3_client=dynamodb)

    def run(
        self,
        key: str | None,
        payload: dict[str, Any],
        work: Callable[[], dict[str, Any]],
        context: LambdaContext,
    ) -> dict[str, Any]:
        """What `work` answers, or what it answered when this key first came; without a key it just runs.

        `payload` tells a repeated request from another one under the same key. A `work` that raises is
        forgotten and may be tried again. Raises `PamError`: `request_in_progress`, `idempotency_key_reused`,
        `store_unavailable`.
        """
        if key is None:
            return work()
        config = IdempotencyConfig(
            event_key_jmespath="key",
            payload_validation_jmespath="payload",
            expires_after_seconds=_KEPT_S,
            lambda_context=context,
        )
        guarded = idempotent_function(
            lambda request: work(),  # noqa: ARG005  Powertools reads the request by its name
            data_keyword_argument="request",
            persistence_store=self._store,
            config=config,
            key_prefix="write",
        )
        try:
            answer: dict[str, Any] = guarded(request={"key": key, "payload": payload})
        except IdempotencyAlreadyInProgressError as busy:
            raise PamError(REQUEST_IN_PROGRESS, "PAM is still working on this very request.", retry_after=1) from busy
        except IdempotencyValidationError as other:
            raise PamError(
                IDEMPOTENCY_KEY_REUSED, "This Idempotency-Key was already used for another request."
            ) from other
        except IdempotencyPersistenceLayerError as fault:
            raise PamError(
                STORE_UNAVAILABLE,
                "PAM can't save safely right now. Please try again in a moment: nothing is saved twice.",
                retry_after=5,
            ) from fault
        return answer
