"""The services of this Lambda environment, for the functions' handlers: built on first use by `pam.bootstrap`."""

from functools import cache
from typing import TYPE_CHECKING

from pam.bootstrap import Bootstrap
from pam.platform.settings import PageSettings, read_environment

if TYPE_CHECKING:
    from pam.answers.dependencies import TravelDependencies, UserDependencies
    from pam.chat.conversations import NoteStore
    from pam.chat.dependencies import ChatDependencies
    from pam.chat.gateway.connect import ConnectionGateway
    from pam.chat.gauges import GaugeDependencies
    from pam.chat.lifecycle.disabled_tools import DisabledTools
    from pam.chat.turn.worker import WorkerDependencies
    from pam.memory.summariser import SummariserDependencies
    from pam.platform.postgres import Database
    from pam.platform.request_limit import RequestLimit
    from pam.platform.websocket import FrameSender
    from pam.sources.embedding import Embedder


@cache
def environment() -> Bootstrap:
    """Return the services of this Lambda environment."""
    return Bootstrap()


def request_limit() -> "RequestLimit":
    """Return the limit on each user's requests and frames."""
    return environment().request_limit


def user_dependencies() -> "UserDependencies":
    """Return the services behind answers from a user's own data."""
    return environment().user_dependencies


def travel_dependencies() -> "TravelDependencies":
    """Return the services behind answers about travel."""
    return environment().travel_dependencies


def notes() -> "NoteStore":
    """Return the store of a conversation's notes."""
    return environment().notes


def disabled_tools() -> "DisabledTools":
    """Return the kill switches of single tools."""
    return environment().disabled_tools


def connection_gateway() -> "ConnectionGateway":
    """Return the handlers of tickets and connections."""
    return environment().connection_gateway


@cache
def web_origin() -> str:
    """Return the origin of the page."""
    return read_environment(PageSettings).origin


def chat_dependencies() -> "ChatDependencies":
    """Return the services of the chat's gateway functions."""
    return environment().chat_dependencies


def gauge_dependencies() -> "GaugeDependencies":
    """Return what the function that measures gauges needs."""
    return environment().gauge_dependencies


def worker_dependencies() -> "WorkerDependencies":
    """Return the services of the chat's worker."""
    return environment().worker_dependencies


def embedding_dependencies() -> "tuple[Database, Embedder]":
    """Return what the function that embeds messages needs."""
    return environment().database, environment().embedder


def summariser_dependencies() -> "SummariserDependencies":
    """Return the services of the function that summarises conversations."""
    return environment().summariser_dependencies


def frame_sender() -> "FrameSender":
    """Return the sender of WebSocket frames."""
    return environment().frame_sender
