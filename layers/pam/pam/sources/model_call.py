"""A request to a model, measured as OpenTelemetry's semantic conventions for generative AI name it."""

import time
from types import TracebackType
from typing import Self

from pam.platform.metrics import Metric
from pam.platform.observability import measure
from pam.sources.source import SourceError


class ModelCall:
    """The times of one request: from construction to `end`, or as a context that ends it."""

    def __init__(self, operation: str, provider: str, model: str) -> None:
        """`operation` and `provider` are values of the conventions."""
        self.model = model
        self.error: str | None = None
        """The kind of the error that ended it; None: none did."""
        self._dimensions = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
        }
        self._began = time.monotonic()
        self._has_chunk = False

    def note_chunk(self) -> None:
        """Take note of a part of a streamed reply: the time to the first one is measured."""
        if not self._has_chunk:
            self._has_chunk = True
            measure(Metric.FIRST_CHUNK, time.monotonic() - self._began, self._dimensions)

    def end(self) -> None:
        """Measure the duration."""
        of_error = {} if self.error is None else {"error.type": self.error}
        measure(Metric.OPERATION_DURATION, time.monotonic() - self._began, self._dimensions | of_error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, SourceError):
            self.error = str(error.kind)
        elif kind is not None:
            self.error = kind.__name__
        self.end()
