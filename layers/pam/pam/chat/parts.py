"""What the conversation is made with, beside what answers are made with."""

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.answers.dependencies import TravelDependencies
from pam.chat.confirmations import Confirmations
from pam.chat.limits import ChatLimits
from pam.chat.queue import Queue
from pam.chat.store import ChatTable
from pam.chat.switch import Switch
from pam.chat.turns import Turn, Turns
from pam.platform.errors import MODEL_UNAVAILABLE, PamError
from pam.platform.websocket import FrameSender


@dataclass(frozen=True)
class ChatParts:
    """Put together once for each Lambda environment."""

    travel: TravelDependencies
    table: ChatTable
    turns: Turns
    queue: Queue
    confirmations: Confirmations
    limits: ChatLimits
    switch: Switch
    frame_sender: FrameSender
    workers: "Workers"
    tool_mode: str


class Workers:
    """Starts the function that answers, and doesn't wait for it."""

    def __init__(self, client: Any, function: str) -> None:
        self._client = client
        self._function = function

    def start(self, turn: Turn) -> None:
        """Has a turn worked at. Raises `PamError` (`model_unavailable`) where Lambda doesn't take it."""
        payload = json.dumps(
            {
                "user_id": str(turn.user_id),
                "message_id": str(turn.message_id),
                "conversation_id": str(turn.conversation_id),
                "timezone": turn.request["context"]["timezone"],
            }
        )
        try:
            self._client.invoke(FunctionName=self._function, InvocationType="Event", Payload=payload)
        except (BotoCoreError, ClientError) as fault:
            raise PamError(
                MODEL_UNAVAILABLE, "PAM can't begin a conversation right now. Please try again.", retry_after=5
            ) from fault
