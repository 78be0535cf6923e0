"""The services of the chat, built by `pam.bootstrap`."""

from dataclasses import dataclass

from pam.answers.dependencies import TravelDependencies
from pam.chat.conversations import NoteStore
from pam.chat.lifecycle.confirmations import Confirmations
from pam.chat.lifecycle.disabled_tools import DisabledTools
from pam.chat.lifecycle.kill_switch import KillSwitch
from pam.chat.lifecycle.lifecycle import TurnLifecycle
from pam.chat.lifecycle.limits import ChatLimits
from pam.chat.lifecycle.turns import TurnStore
from pam.platform.websocket import FrameSender


@dataclass(frozen=True)
class ChatDependencies:
    """The services that the gateway and the worker share."""

    answers: TravelDependencies
    turns: TurnStore
    lifecycle: TurnLifecycle
    confirmations: Confirmations
    limits: ChatLimits
    kill_switch: KillSwitch
    disabled_tools: DisabledTools
    notes: NoteStore
    sender: FrameSender
