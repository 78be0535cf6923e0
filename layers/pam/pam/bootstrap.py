"""The composition root: every client and service, built once per Lambda environment from its environment variables.

Services are built on first use and imported then, so that a function loads only what it uses. Building opens no
connection: a SnapStart snapshot contains none.
"""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pam.model_services import ModelServices
from pam.platform import aws
from pam.platform.settings import EnvironmentSettings

if TYPE_CHECKING:
    from pam.answers.dependencies import TravelDependencies, UserDependencies
    from pam.answers.exchange_rates import ExchangeRates
    from pam.answers.travel_sources import TravelSources
    from pam.cache.shared_cache import SharedCache
    from pam.cache.user_cache import UserCache
    from pam.chat.conversations import NoteStore
    from pam.chat.dependencies import ChatDependencies
    from pam.chat.gateway.connect import ConnectionGateway
    from pam.chat.gateway.connections import ConnectionRegistry
    from pam.chat.gauges import GaugeDependencies
    from pam.chat.lifecycle.disabled_tools import DisabledTools
    from pam.chat.lifecycle.kill_switch import KillSwitch
    from pam.chat.lifecycle.turns import TurnStore
    from pam.chat.lifecycle.workers import WorkerInvoker
    from pam.chat.turn.copies import ChatCopies
    from pam.chat.turn.worker import WorkerDependencies
    from pam.memory.summariser import SummariserDependencies
    from pam.platform.cost_limits import CostCaps
    from pam.platform.dynamodb import DynamoTable
    from pam.platform.idempotency import IdempotencyStore
    from pam.platform.object_store import ObjectStore
    from pam.platform.postgres import Database
    from pam.platform.request_limit import RequestLimit
    from pam.platform.websocket import FrameSender
    from pam.tools.engine.definition import Tool


class Bootstrap(ModelServices):
    """The services of one environment. Tests replace any of them by name: `Bootstrap(environment, clock=...)`."""

    def __init__(self, environment: Mapping[str, str] | None = None, **replacements: Any) -> None:
        """`environment` is `os.environ` by default. Raises TypeError for a replacement that is no service."""
        super().__init__(EnvironmentSettings(os.environ if environment is None else environment))
        services = {name for part in type(self).__mro__ for name in vars(part)}
        unknown = replacements.keys() - {name for name in services if not name.startswith("_")}
        if unknown:
            raise TypeError(f"no such service: {', '.join(sorted(unknown))}")
        vars(self).update(replacements)

    @cached_property
    def dynamodb(self) -> Any:
        return aws.client("dynamodb")

    @cached_property
    def request_limit(self) -> "RequestLimit":
        from pam.platform.dynamodb import DynamoTable
        from pam.platform.request_limit import RequestLimit

        settings = self._settings.request_limit
        table = DynamoTable(self.dynamodb, settings.table, key=("user_id", "item"))
        return RequestLimit(table, settings.per_minute, self.clock)

    @cached_property
    def database(self) -> "Database":
        from pam.platform.postgres import Database

        name, proxy_host = self._settings.user.database_secret, self._settings.user.database_proxy_host
        return Database(self._secret(name), self._secret(name, "AWSPENDING"), proxy_host)

    @cached_property
    def user_cache(self) -> "UserCache":
        from pam.cache.user_cache import UserCache

        return UserCache(self.dynamodb, self._settings.user.user_cache_table, self.clock)

    @cached_property
    def idempotency(self) -> "IdempotencyStore":
        from pam.platform.idempotency import IdempotencyStore

        return IdempotencyStore(self.dynamodb, self._settings.user.idempotency_table)

    @cached_property
    def user_dependencies(self) -> "UserDependencies":
        from pam.answers.dependencies import UserDependencies

        built_later = (lambda: self.exchange_rates), (lambda: self.message_copies), (lambda: self.files)
        return UserDependencies(self.database, self.user_cache, self.idempotency, self.clock, *built_later)

    @cached_property
    def files(self) -> "ObjectStore":
        from pam.platform.object_store import ObjectStore

        return ObjectStore(aws.file_client(), self._settings.exports.bucket)

    @cached_property
    def exchange_rates(self) -> "ExchangeRates":
        from pam.answers.exchange_rates import ExchangeRates
        from pam.sources.ecb import Ecb
        from pam.sources.http_client import HttpClient
        from pam.sources.source import Source

        ecb = Ecb(HttpClient(Source.ECB, self._settings.rates.ecb_base_url))
        return ExchangeRates(self.shared_cache, ecb, self.clock)

    @cached_property
    def shared_cache(self) -> "SharedCache":
        from pam.cache.shared_cache import SharedCache

        table = self._settings.rates.shared_cache_table
        return SharedCache(aws.client("dynamodb", fast_timeout=True), table, self.clock)

    @cached_property
    def travel_sources(self) -> "TravelSources":
        from pam.answers.travel_sources import TravelSources
        from pam.sources.api_key import ApiKey
        from pam.sources.eia import Eia
        from pam.sources.http_client import HttpClient
        from pam.sources.mapbox import Mapbox
        from pam.sources.open_meteo import OpenMeteo
        from pam.sources.source import Source

        settings = self._settings.travel
        return TravelSources(
            shared=self.shared_cache,
            mapbox=Mapbox(
                HttpClient(Source.MAPBOX, settings.mapbox_base_url),
                ApiKey(Source.MAPBOX, self._secret(settings.mapbox_secret)),
            ),
            open_meteo=OpenMeteo(HttpClient(Source.OPEN_METEO, settings.open_meteo_base_url)),
            eia=Eia(
                HttpClient(Source.EIA, settings.eia_base_url), ApiKey(Source.EIA, self._secret(settings.eia_secret))
            ),
        )

    @cached_property
    def travel_dependencies(self) -> "TravelDependencies":
        from pam.answers.dependencies import TravelDependencies

        return TravelDependencies(**vars(self.user_dependencies), sources=self.travel_sources)

    @cached_property
    def chat_table(self) -> "DynamoTable":
        from pam.platform.dynamodb import DynamoTable

        return DynamoTable(self.dynamodb, self._settings.websocket.chat_table)

    @cached_property
    def connections(self) -> "ConnectionRegistry":
        from pam.chat.gateway.connections import ConnectionRegistry

        return ConnectionRegistry(self.chat_table, self.clock)

    @cached_property
    def connection_gateway(self) -> "ConnectionGateway":
        from pam.chat.gateway.connect import ConnectionGateway
        from pam.chat.gateway.tickets import TicketStore

        tickets = TicketStore(self.chat_table, self.clock)
        return ConnectionGateway(tickets, self.connections, self._settings.websocket.url)

    @cached_property
    def frame_sender(self) -> "FrameSender":
        from pam.platform.websocket import FrameSender

        return FrameSender(aws.client_at("apigatewaymanagementapi", self._settings.websocket.endpoint))

    @cached_property
    def message_copies(self) -> "ChatCopies":
        from pam.chat.turn.copies import ChatCopies

        return ChatCopies(self.chat_table, self.database, self.clock)

    @cached_property
    def worker_invoker(self) -> "WorkerInvoker":
        from pam.chat.lifecycle.workers import WorkerInvoker

        return WorkerInvoker(aws.client("lambda"), self._settings.chat.worker)

    @cached_property
    def turns(self) -> "TurnStore":
        from pam.chat.lifecycle.turns import TurnStore

        return TurnStore(self.chat_table, self.clock)

    @cached_property
    def kill_switch(self) -> "KillSwitch":
        from pam.chat.lifecycle.kill_switch import KillSwitch

        return KillSwitch(aws.client("ssm"), self._settings.chat.kill_switch)

    @cached_property
    def disabled_tools(self) -> "DisabledTools":
        from pam.chat.lifecycle.disabled_tools import DisabledTools

        # Fast answers wait for it.
        return DisabledTools(aws.client("ssm", fast_timeout=True), self._settings.chat.disabled_tools)

    @cached_property
    def cost_caps(self) -> "CostCaps":
        from pam.platform.cost_limits import CostCaps

        settings = self._settings.chat
        return CostCaps(settings.turn_cap, settings.user_day_cap, settings.stage_day_cap)

    @cached_property
    def notes(self) -> "NoteStore":
        from pam.chat.conversations import NoteStore

        return NoteStore(self.database)

    @cached_property
    def chat_dependencies(self) -> "ChatDependencies":
        from pam.chat.dependencies import ChatDependencies
        from pam.chat.lifecycle.confirmations import Confirmations
        from pam.chat.lifecycle.lifecycle import TurnLifecycle
        from pam.chat.lifecycle.limits import ChatLimits
        from pam.chat.lifecycle.permits import TurnPermits
        from pam.chat.lifecycle.queue import ConversationQueue
        from pam.chat.lifecycle.turn_writes import TurnWrites

        queue = ConversationQueue(self.chat_table, self.clock)
        permits = TurnPermits(self.chat_table, self.clock)
        writes, sender = TurnWrites(self.database), self.frame_sender
        lifecycle = TurnLifecycle(self.turns, queue, permits, self.worker_invoker, sender, writes, self.notes)
        return ChatDependencies(
            answers=self.travel_dependencies,
            turns=self.turns,
            lifecycle=lifecycle,
            confirmations=Confirmations(self.chat_table, self.clock),
            limits=ChatLimits(self.chat_table, self.cost_caps, self.clock),
            kill_switch=self.kill_switch,
            disabled_tools=self.disabled_tools,
            notes=self.notes,
            sender=self.frame_sender,
        )

    @cached_property
    def gauge_dependencies(self) -> "GaugeDependencies":
        from pam.chat.gauges import GaugeDependencies
        from pam.platform.cost_limits import CostLimits

        limits = CostLimits(self.chat_table, self.cost_caps, self.clock)
        return GaugeDependencies(self.connections, limits, self.database)

    @cached_property
    def tools(self) -> "Mapping[str, Tool[Any]]":
        from pam.tools.catalog import TOOLS

        return TOOLS

    @cached_property
    def worker_dependencies(self) -> "WorkerDependencies":
        from pam.chat.turn.context import default_providers
        from pam.chat.turn.preload import preload_turn
        from pam.chat.turn.recall_provider import RecallProvider
        from pam.chat.turn.turn_safety import SafetyDependencies
        from pam.chat.turn.worker import WorkerDependencies
        from pam.safety.events import SecurityEvents
        from pam.tools.engine.executor import ToolThreads

        preload_turn()
        return WorkerDependencies(
            chat=self.chat_dependencies,
            claude=self.claude,
            model=self._settings.claude.model,
            tools=self.tools,
            tool_threads=ToolThreads(),
            context_providers=(*default_providers(), RecallProvider(self.database, self.embedder)),
            copies=self.message_copies,
            safety=SafetyDependencies(
                self.message_judge, self.text_hasher, SecurityEvents(self.database), self.disabled_tools
            ),
            executor=ThreadPoolExecutor(4, "worker"),
        )

    @cached_property
    def summariser_dependencies(self) -> "SummariserDependencies":
        from pam.memory.summariser import SummariserDependencies
        from pam.memory.summariser_copies import SummariserCopies
        from pam.memory.summary_model import SummaryModel
        from pam.platform.cost_limits import CostLimits

        settings = self._settings.summariser
        return SummariserDependencies(
            database=self.database,
            model=SummaryModel(self.claude, self._settings.claude.model),
            limits=CostLimits(self.chat_table, self.cost_caps, self.clock),
            check_enabled=self.kill_switch.check,
            copies=SummariserCopies(aws.client("lambda"), settings.function, settings.max_runs),
        )
