"""What the conversation is made with, beside what answers are made with."""

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, Field
from snapshot_restore_py import register_before_snapshot

from pam.answers.travel_parts import TravelParts, travel_parts
from pam.chat.confirmations import Confirmations
from pam.chat.limits import Caps, Limits
from pam.chat.queue import Queue
from pam.chat.store import ChatTable
from pam.chat.switch import Switch
from pam.chat.turns import Turn, Turns
from pam.platform import aws
from pam.platform.clock import Clock, utc_now
from pam.platform.errors import MODEL_UNAVAILABLE, PamError
from pam.platform.settings import read_environment
from pam.platform.websocket import Sockets, sockets


class ChatSettings(BaseModel):
    """Where the conversation is kept, who works at it, and what it may cost in dollars."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    table: str = Field(alias="CHAT_TABLE")
    worker: str = Field(alias="CHAT_WORKER")
    switch: str = Field(alias="CHAT_KILL_SWITCH")
    tool_mode: str = Field(alias="CHAT_TOOL_MODE", pattern="^(all|deferred)$")
    turn_cap: Decimal = Field(alias="CHAT_TURN_CAP_USD")
    user_day_cap: Decimal = Field(alias="CHAT_USER_DAY_CAP_USD")
    stage_day_cap: Decimal = Field(alias="CHAT_STAGE_DAY_CAP_USD")


@dataclass(frozen=True)
class ChatParts:
    """Put together once for each Lambda environment."""

    travel: TravelParts
    table: ChatTable
    turns: Turns
    queue: Queue
    confirmations: Confirmations
    limits: Limits
    switch: Switch
    sockets: Sockets
    workers: "Workers"
    tool_mode: str

    @classmethod
    def from_settings(
        cls, travel: TravelParts, sockets: Sockets, settings: ChatSettings, clock: Clock = utc_now
    ) -> "ChatParts":
        """Makes clients, opens no connection."""
        table = ChatTable(aws.client("dynamodb"), settings.table)
        caps = Caps(settings.turn_cap, settings.user_day_cap, settings.stage_day_cap)
        return cls(
            travel=travel,
            table=table,
            turns=Turns(table, clock),
            queue=Queue(table, clock),
            confirmations=Confirmations(table, clock),
            limits=Limits(table, caps, clock),
            switch=Switch(aws.client("ssm"), settings.switch),
            sockets=sockets,
            workers=Workers(aws.client("lambda"), settings.worker),
            tool_mode=settings.tool_mode,
        )


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


@cache
def chat_parts() -> ChatParts:
    """The parts of this environment, from its settings."""
    return ChatParts.from_settings(travel_parts(), sockets(), read_environment(ChatSettings))


register_before_snapshot(chat_parts)
