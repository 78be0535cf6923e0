"""Kill switches of single tools: an SSM parameter that disables tools within a minute."""

import time
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from pam.platform.errors import TOOL_DISABLED, PamError
from pam.platform.observability import logger

MAX_AGE_S = 30


class DisabledTools:
    """The parameter's value is `none`, or the names of the disabled tools with commas between them.

    While it can't be read, what was read last holds, and tools go on where nothing was: the kill switch of the whole
    chat is another parameter. `clock` returns monotonic seconds.
    """

    def __init__(self, ssm: Any, parameter: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._provider = SSMProvider(boto3_client=ssm)
        self._parameter = parameter
        self._clock = clock
        self._names: frozenset[str] = frozenset()
        self._expires_at = 0.0

    def check(self, tool: str) -> None:
        """Raise `PamError` (`tool_disabled`) where the tool is disabled."""
        if tool in self._read():
            raise PamError(
                TOOL_DISABLED, "PAM can't do that at the moment, and has changed nothing. Everything else works."
            )

    def _read(self) -> frozenset[str]:
        now = self._clock()
        if now >= self._expires_at:
            # Also after a failure: a fast answer doesn't wait for it again and again.
            self._expires_at = now + MAX_AGE_S
            try:
                value = str(self._provider.get(self._parameter, force_fetch=True))
            except GetParameterError:
                logger.warning("disabled tools not readable", exc_info=True)
            else:
                self._names = frozenset(name.strip() for name in value.split(","))
        return self._names
