"""The services that call models: a part of the composition root `pam.bootstrap.Bootstrap`, and used by it alone."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from pam.platform import aws
from pam.platform.clock import Clock, utc_now
from pam.platform.settings import EnvironmentSettings

if TYPE_CHECKING:
    from pam.safety.message_judge import MessageJudge
    from pam.safety.text_hash import TextHasher
    from pam.sources.api_key import ApiKey
    from pam.sources.claude.client import ClaudeClient
    from pam.sources.embedding import Embedder


class ModelServices:
    """The services that call models, and what they are built from. Each imports its SDK before the snapshot."""

    def __init__(self, settings: EnvironmentSettings) -> None:
        self._settings = settings

    @cached_property
    def clock(self) -> Clock:
        return utc_now

    @cached_property
    def claude(self) -> "ClaudeClient":
        from pam.sources.api_key import ApiKey
        from pam.sources.claude.client import ClaudeClient
        from pam.sources.source import Source

        settings = self._settings.claude
        client = ClaudeClient(settings.base_url, ApiKey(Source.CLAUDE, self._secret(settings.secret)))
        client.preload()
        return client

    @cached_property
    def embedder(self) -> "Embedder":
        from pam.sources.gemini.client import GeminiEmbedder

        settings = self._settings.gemini
        embedder = GeminiEmbedder(settings.base_url, self._gemini_key, settings.embedding_model)
        embedder.preload()
        return embedder

    @cached_property
    def message_judge(self) -> "MessageJudge":
        from pam.cache.circuit_breaker import CircuitBreaker
        from pam.platform.dynamodb import DynamoTable
        from pam.safety.message_judge import MessageJudge
        from pam.sources.gemini.judge import GeminiJudge
        from pam.sources.source import Source

        settings = self._settings.judge
        model = GeminiJudge(settings.base_url, self._gemini_key, settings.model)
        model.preload()
        table = DynamoTable(aws.client("dynamodb", fast_timeout=True), settings.verdict_table, key=("key",))
        # The embedder's failures say nothing about the judge: it is another model with limits of its own.
        breaker = CircuitBreaker(table, Source.GEMINI, self.clock, purpose="judge")
        return MessageJudge(model, self.text_hasher, table, breaker, self.clock)

    @cached_property
    def text_hasher(self) -> "TextHasher":
        from pam.platform.secret_key import SecretKey
        from pam.safety.text_hash import TextHasher

        return TextHasher(SecretKey(self._secret(self._settings.judge.hash_secret)))

    @cached_property
    def _gemini_key(self) -> "ApiKey":
        from pam.sources.api_key import ApiKey
        from pam.sources.source import Source

        return ApiKey(Source.GEMINI, self._secret(self._settings.gemini.secret))

    def _secret(self, name: str, stage: str = "AWSCURRENT") -> Callable[[], str]:
        client = aws.client("secretsmanager")
        return lambda: str(client.get_secret_value(SecretId=name, VersionStage=stage)["SecretString"])
