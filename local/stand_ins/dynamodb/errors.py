"""DynamoDB's errors, by the names that its SDKs know."""

from typing import Any


class DynamoDBError(Exception):
    """An error response. `item` is the stored item of a condition that failed, where the request asks for it."""

    def __init__(self, code: str, message: str, item: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.item = item


def validation_error(message: str) -> DynamoDBError:
    """Return the error of a request that DynamoDB refuses as wrong."""
    return DynamoDBError("ValidationException", message)
