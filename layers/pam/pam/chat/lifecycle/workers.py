"""The asynchronous invocation of the worker function."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.chat.lifecycle.turn import Turn
from pam.platform.errors import MODEL_UNAVAILABLE, PamError


class WorkerInvoker:
    """Invokes the worker function for a turn, without waiting for it."""

    def __init__(self, client: Any, function: str) -> None:
        self._client = client
        self._function = function

    def invoke(self, turn: Turn) -> None:
        """Enqueue the event that `pam.chat.turn.worker.TurnJob` parses. Raises `PamError` (`model_unavailable`)."""
        payload = {
            "user_id": str(turn.user_id),
            "message_id": str(turn.message_id),
            "conversation_id": str(turn.conversation_id),
            "timezone": turn.request["context"]["timezone"],
        }
        try:
            self._client.invoke(FunctionName=self._function, InvocationType="Event", Payload=json.dumps(payload))
        except (BotoCoreError, ClientError) as error:
            raise PamError(
                MODEL_UNAVAILABLE, "PAM can't begin a conversation right now. Please try again.", retry_after=5
            ) from error
