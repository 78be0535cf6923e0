"""The switch that turns the conversation off within a minute, while quick answers go on: a parameter in SSM."""

from typing import Any

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from pam.platform.errors import CHAT_DISABLED, PamError
from pam.platform.observability import logger

_LOOK_EVERY_S = 30


class Switch:
    """The parameter says `on` or `off`. While it can't be read, the conversation goes on: the caps on cost hold."""

    def __init__(self, ssm: Any, name: str) -> None:
        self._provider = SSMProvider(boto3_client=ssm)
        self._name = name

    def check(self) -> None:
        """Raises `PamError` (`chat_disabled`)."""
        try:
            state = self._provider.get(self._name, max_age=_LOOK_EVERY_S)
        except GetParameterError:
            logger.warning("the switch can't be read", exc_info=True)
            return
        if state == "off":
            raise PamError(
                CHAT_DISABLED,
                "PAM's conversation is switched off for now. Quick questions about spending, fuel, weather and "
                "distances still work.",
                retry_after=300,
            )
