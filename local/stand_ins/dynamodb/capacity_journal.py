"""The requests to DynamoDB so far, and the units that they would be charged in on-demand mode."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from local.http_server import HttpRequest

_WRITE_UNIT_BYTES = 1024
_TRANSACTION_FACTOR = 2
_READS = frozenset({"GetItem", "Query", "Scan", "BatchGetItem"})


@dataclass
class CapacityJournal:
    """Counts requests by operation, and units by the sizes of requests.

    A write unit is a kilobyte of an item, whose size is taken from the request: an update of a part counts less than
    it would cost. A read unit is four kilobytes; each read counts one, PAM's items being small.
    """

    operations: Counter[str] = field(default_factory=Counter)
    read_units: int = 0
    write_units: int = 0

    def add(self, request: HttpRequest) -> None:
        """Count a request."""
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        self.operations[operation] += 1
        match operation:
            case "PutItem" | "UpdateItem" | "DeleteItem":
                self.write_units += _units(len(request.body))
            case "TransactWriteItems":
                items = json.loads(request.body)["TransactItems"]
                self.write_units += _TRANSACTION_FACTOR * sum(_units(len(json.dumps(item))) for item in items)
            case "BatchWriteItem":
                tables = json.loads(request.body)["RequestItems"].values()
                self.write_units += sum(_units(len(json.dumps(item))) for items in tables for item in items)
            case _ if operation in _READS:
                self.read_units += 1

    def to_json(self) -> dict[str, Any]:
        return {
            "requests": self.operations.total(),
            "operations": dict(self.operations),
            "read_units": self.read_units,
            "write_units": self.write_units,
        }


def _units(size: int) -> int:
    return -(-size // _WRITE_UNIT_BYTES)
