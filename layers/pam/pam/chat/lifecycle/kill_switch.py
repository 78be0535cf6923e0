"""The kill switch: an SSM parameter that disables the chat within a minute while fast answers go on."""

from typing import Any

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from pam.platform.errors import CHAT_DISABLED, PamError
from pam.platform.observability import logger

_MAX_AGE_S = 30


class KillSwitch:
    """The parameter's value is `on` or `off`. While it can't be read, the chat goes on: the cost caps still hold."""

    def __init__(self, ssm: Any, parameter: str) -> None:
        self._provider = SSMProvider(boto3_client=ssm)
        self._parameter = parameter

    def check(self) -> None:
        """Raise `PamError` (`chat_disabled`) where the chat is off."""
        try:
            state = self._provider.get(self._parameter, max_age=_MAX_AGE_S)
        except GetParameterError:
            logger.warning("kill switch not readable", exc_info=True)
            return
        if state == "off":
            raise PamError(
                CHAT_DISABLED,
                "PAM's conversation is switched off for now. Quick questions about spending, fuel, weather and "
                "distances still work.",
                retry_after=300,
            )
