"""The format of log lines: exceptions by class, code and place, without their messages, which can quote users' text.

Postgres, for example, adds the row or the parameters to its error; Python's own errors quote values.
"""

import re
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from pam.platform.errors import PamError

_MAX_CAUSES = 5

_CODE_ATTRIBUTES = ("sqlstate", "kind", "status_code", "errno")
"""Attributes of our, the drivers' and the SDKs' exceptions that tell the error without any text of its input."""

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class LogFormatter(LambdaPowertoolsFormatter):
    """Powertools' JSON lines, with exceptions as `describe_exception` renders them."""

    def __init__(self) -> None:
        super().__init__(serialize_stacktrace=False)

    def formatException(self, ei: Any) -> str:
        """Return the exception of `sys.exc_info()` and its causes, the first cause first."""
        return describe_exception(ei[1])

    def _extract_log_exception(self, log_record: Any) -> tuple[str, str, list[Any]] | tuple[None, None, None]:
        """Leave out the notes of an exception, which are free text."""
        text, name, _ = super()._extract_log_exception(log_record)
        return (None, None, None) if text is None or name is None else (text, name, [])


def describe_exception(error: BaseException) -> str:
    """Return an exception's class, codes and stack, after those of its causes: file, line and function."""
    described: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(described) < _MAX_CAUSES:
        described.append("\n".join([*_stack(cause.__traceback__), _title(cause)]))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n\n".join(reversed(described))


def _stack(frames: TracebackType | None) -> Iterator[str]:
    for frame in traceback.extract_tb(frames):
        yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'


def _title(error: BaseException) -> str:
    values: dict[str, Any] = {name: getattr(error, name, None) for name in _CODE_ATTRIBUTES}
    if isinstance(error, PamError):
        values["code"] = error.error.code
    # botocore's: the code of the service.
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        values["service_code"] = response.get("Error", {}).get("Code")
    codes = [
        f"{name}={value}"
        for name, value in values.items()
        if isinstance(value, str | int) and _CODE.fullmatch(str(value))
    ]
    return f"{type(error).__module__}.{type(error).__qualname__}" + (f" ({', '.join(codes)})" if codes else "")
