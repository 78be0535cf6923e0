"""Idempotent requests: work runs once per `Idempotency-Key`, recorded by Powertools."""

from collections.abc import Callable
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyItemAlreadyExistsError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from pam.platform.errors import IDEMPOTENCY_KEY_REUSED, REQUEST_IN_PROGRESS, STORE_UNAVAILABLE, PamError
from pam.platform.observability import logger

_RECORD_TTL_S = 24 * 60 * 60


class _PersistenceLayer(DynamoDBPersistenceLayer):
    """Powertools' layer, which recognises its own claim of a key where the SDK repeats it after a lost response."""

    def _put_record(self, data_record: DataRecord) -> None:
        try:
            super()._put_record(data_record)
        except IdempotencyItemAlreadyExistsError as existing:
            if existing.old_data_record is None or not _is_same_claim(existing.old_data_record, data_record):
                raise


def _is_same_claim(stored: DataRecord, claim: DataRecord) -> bool:
    """Compare the milliseconds of the claim's expiry. Of two claims made in one the ledger performs one write."""
    return (
        stored.status == claim.status
        and stored.in_progress_expiry_timestamp is not None
        and stored.in_progress_expiry_timestamp == claim.in_progress_expiry_timestamp
        and stored.payload_hash == claim.payload_hash
    )


@cache
def _layer(dynamodb: Any, table: str) -> _PersistenceLayer:
    """Return the layer of a client's table. Each one adds a handler to the client's requests, for good."""
    return _PersistenceLayer(table_name=table, boto3_client=dynamodb)


class IdempotencyStore:
    """The responses of one day by idempotency key."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._store = _layer(dynamodb, table)

    def run(
        self,
        key: str | None,
        payload: dict[str, Any],
        work: Callable[[], dict[str, Any]],
        context: LambdaContext,
    ) -> dict[str, Any]:
        """Run `work` and return its response, or the recorded response of this key; without a key just run it.

        A different `payload` under the same key is an error. Nothing is recorded when `work` raises, so the request
        can be retried. A response that can't be recorded is returned all the same: the work is done. Raises `PamError`:
        `request_in_progress`, `idempotency_key_reused`, `store_unavailable`.
        """
        if key is None:
            return work()
        config = IdempotencyConfig(
            event_key_jmespath="key",
            payload_validation_jmespath="payload",
            expires_after_seconds=_RECORD_TTL_S,
            lambda_context=context,
        )
        responses: list[dict[str, Any]] = []

        def record_response(request: Any) -> dict[str, Any]:  # noqa: ARG001  Powertools finds the request by this name
            responses.append(work())
            return responses[0]

        run_once = idempotent_function(
            record_response,
            data_keyword_argument="request",
            persistence_store=self._store,
            config=config,
            key_prefix="write",
        )
        try:
            response: dict[str, Any] = run_once(request={"key": key, "payload": payload})
        except IdempotencyAlreadyInProgressError as error:
            raise PamError(REQUEST_IN_PROGRESS, "PAM is still working on this very request.", retry_after=1) from error
        except IdempotencyValidationError as error:
            raise PamError(
                IDEMPOTENCY_KEY_REUSED, "This Idempotency-Key was already used for another request."
            ) from error
        except IdempotencyPersistenceLayerError as error:
            if responses:
                logger.warning("response not recorded", exc_info=True)
                return responses[0]
            raise PamError(
                STORE_UNAVAILABLE,
                "PAM can't save safely right now. Please try again in a moment: nothing is saved twice.",
                retry_after=5,
            ) from error
        return response
