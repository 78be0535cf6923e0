"""The functions' environment variables, each section parsed once into a model."""

import os
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """A section of the environment. A missing or malformed variable fails at start-up, not at the first request."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class UserSettings(Settings):
    """The stores of users' data. `database_proxy_host` is the host of an RDS Proxy; empty for none."""

    user_cache_table: str = Field(alias="USER_CACHE_TABLE")
    idempotency_table: str = Field(alias="IDEMPOTENCY_TABLE")
    database_secret: str = Field(alias="DATABASE_SECRET")
    database_proxy_host: str = Field(alias="DATABASE_PROXY_HOST", default="")


class ExportSettings(Settings):
    """The bucket of the files that users export."""

    bucket: str = Field(alias="EXPORT_BUCKET")


class RequestLimitSettings(Settings):
    """The table that counts users' requests, and how many of one user are accepted in a minute."""

    table: str = Field(alias="USER_CACHE_TABLE")
    per_minute: int = Field(alias="USER_REQUESTS_PER_MINUTE", ge=2)


class ExchangeRateSettings(Settings):
    """The table of what sources answered, and the base URL of the ECB."""

    shared_cache_table: str = Field(alias="SHARED_CACHE_TABLE")
    ecb_base_url: str = Field(alias="ECB_BASE_URL")


class TravelSettings(Settings):
    """The base URLs of the sources for travel, and the secrets with their API keys."""

    mapbox_base_url: str = Field(alias="MAPBOX_BASE_URL")
    mapbox_secret: str = Field(alias="MAPBOX_SECRET")
    open_meteo_base_url: str = Field(alias="OPEN_METEO_BASE_URL")
    eia_base_url: str = Field(alias="EIA_BASE_URL")
    eia_secret: str = Field(alias="EIA_SECRET")


class WebSocketSettings(Settings):
    """The table of the chat, the URL that clients connect to, and the endpoint that frames are posted to."""

    chat_table: str = Field(alias="CHAT_TABLE")
    url: str = Field(alias="WEBSOCKET_URL")
    endpoint: str = Field(alias="WEBSOCKET_ENDPOINT")


class PageSettings(Settings):
    """The origin of the page, such as `https://pam.example`. Only the authorizer of WebSockets has it."""

    origin: str = Field(alias="WEB_ORIGIN", min_length=1)


class ChatSettings(Settings):
    """The worker function, the kill switch, and the cost caps in US dollars."""

    worker: str = Field(alias="CHAT_WORKER")
    kill_switch: str = Field(alias="CHAT_KILL_SWITCH")
    disabled_tools: str = Field(alias="CHAT_DISABLED_TOOLS")
    turn_cap: Decimal = Field(alias="CHAT_TURN_CAP_USD")
    user_day_cap: Decimal = Field(alias="CHAT_USER_DAY_CAP_USD")
    stage_day_cap: Decimal = Field(alias="CHAT_STAGE_DAY_CAP_USD")


class ClaudeSettings(Settings):
    """Claude's base URL, the model that answers, and the secret with the API key."""

    base_url: str = Field(alias="CLAUDE_BASE_URL")
    model: str = Field(alias="CLAUDE_MODEL")
    secret: str = Field(alias="CLAUDE_SECRET")


class GeminiSettings(Settings):
    """Gemini's base URL, the model that embeds, and the secret with the API key."""

    base_url: str = Field(alias="GEMINI_BASE_URL")
    embedding_model: str = Field(alias="GEMINI_EMBEDDING_MODEL")
    secret: str = Field(alias="GEMINI_SECRET")


class JudgeSettings(Settings):
    """The model that judges flagged messages, the table of its verdicts, and the secret with the key of text hashes."""

    base_url: str = Field(alias="GEMINI_BASE_URL")
    model: str = Field(alias="GEMINI_JUDGE_MODEL")
    verdict_table: str = Field(alias="SHARED_CACHE_TABLE")
    hash_secret: str = Field(alias="TEXT_HASH_SECRET")


class SummariserSettings(Settings):
    """The summariser function, which starts copies of itself, and how many of its runs are allowed at once."""

    function: str = Field(alias="SUMMARISER")
    max_runs: int = Field(alias="SUMMARISER_MAX_RUNS", ge=1)


class TracingSettings(Settings):
    """Whether X-Ray tracing is on; off by default."""

    tracing: bool = Field(alias="TRACING", default=False)


S = TypeVar("S", bound=Settings)


def read_environment(section: type[S], environment: Mapping[str, str] = os.environ) -> S:
    """Parse a section. Raises pydantic's `ValidationError`, which names what is missing or malformed."""
    return section.model_validate(dict(environment))


class EnvironmentSettings:
    """The sections, each parsed on first use: a function has only the variables of the services that it uses."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    @cached_property
    def user(self) -> UserSettings:
        return read_environment(UserSettings, self._environment)

    @cached_property
    def exports(self) -> ExportSettings:
        return read_environment(ExportSettings, self._environment)

    @cached_property
    def rates(self) -> ExchangeRateSettings:
        return read_environment(ExchangeRateSettings, self._environment)

    @cached_property
    def request_limit(self) -> RequestLimitSettings:
        return read_environment(RequestLimitSettings, self._environment)

    @cached_property
    def travel(self) -> TravelSettings:
        return read_environment(TravelSettings, self._environment)

    @cached_property
    def websocket(self) -> WebSocketSettings:
        return read_environment(WebSocketSettings, self._environment)

    @cached_property
    def chat(self) -> ChatSettings:
        return read_environment(ChatSettings, self._environment)

    @cached_property
    def claude(self) -> ClaudeSettings:
        return read_environment(ClaudeSettings, self._environment)

    @cached_property
    def gemini(self) -> GeminiSettings:
        return read_environment(GeminiSettings, self._environment)

    @cached_property
    def judge(self) -> JudgeSettings:
        return read_environment(JudgeSettings, self._environment)

    @cached_property
    def summariser(self) -> SummariserSettings:
        return read_environment(SummariserSettings, self._environment)
