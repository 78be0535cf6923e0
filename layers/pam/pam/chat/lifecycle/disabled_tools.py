"""Kill switches of single tools: an SSM parameter that disables tools within a minute."""

from typing import Any

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from pam.platform.errors import TOOL_DISABLED, PamError
from pam.platform.observability import logger

_MAX_AGE_S = 30


class DisabledTools:
    """The parameter's value is `none`, or the names of the disabled tools with commas between them.

    While it can't be read, tools go on: the kill switch of the whole chat is another parameter.
    """

    def __init__(self, ssm: Any, parameter: str) -> None:
        self._provider = SSMProvider(boto3_client=ssm)
        self._parameter = parameter

    def check(self, tool: str) -> None:
        """Raise `PamError` (`tool_disabled`) where the tool is disabled."""
        try:
            value = str(self._provider.get(self._parameter, max_age=_MAX_AGE_S))
        except GetParameterError:
            logger.warning("disabled tools not readable", exc_info=True)
            return
        if tool in {name.strip() for name in value.split(",")}:
            raise PamError(TOOL_DISABLED, "PAM can't do that at the moment. Everything else works.")
