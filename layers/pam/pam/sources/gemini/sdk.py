"""The SDK `google-generativeai`: what its successor replaces is in this file alone.

Importing this module imports the SDK. See docs/decisions/0029-gemini-package.md.
"""

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import BaseAdapter

from pam.platform.deadline import Deadline
from pam.sources.gemini.errors import STATUSES_READ, reply_error
from pam.sources.http_exchange import HttpExchange
from pam.sources.source import Source, SourceError, SourceErrorKind

with warnings.catch_warnings():
    # It announces its end of life, which would be in the log of each function.
    warnings.simplefilter("ignore", FutureWarning)
    import google.ai.generativelanguage as services
    import google.generativeai
    from google.protobuf.json_format import ParseError

genai: Any = google.generativeai  # its types name neither all of its functions nor all of their arguments

# A hundred vectors of 3,072 numbers, each on a line of its own, take 8 MB.
_MAX_RESPONSE_BYTES = 16 * 1024 * 1024

_CONNECT_TIMEOUT_S = 2.0

# What the SDK raises for a response of another shape. The text of such an error quotes the response.
_SHAPE_ERRORS = (ValueError, LookupError, TypeError, AttributeError, ParseError)

# Of what the judge reads, much is what these filters block.
_UNFILTERED = dict.fromkeys(("HARASSMENT", "HATE", "SEXUAL", "DANGEROUS"), "BLOCK_NONE")

# The SDK logs whole requests at DEBUG, and ours are what users wrote.
logging.getLogger("google").setLevel(logging.INFO)


@dataclass(frozen=True)
class GeneratedText:
    """A reply of a model. `finish_reason` is its name, such as `STOP`; empty without a candidate: it is blocked."""

    text: str
    finish_reason: str
    model_version: str


class GeminiSdk:
    """The SDK's clients with one key. Thread-safe. Every method raises nothing but `SourceError`."""

    def __init__(self, base_url: str, key: str) -> None:
        """Opens no connection."""
        self.key = key
        self._transport = GeminiTransport()

        def client(service: Any) -> Any:
            built = service(client_options={"api_endpoint": base_url, "api_key": key}, transport="rest")
            session = built.transport._session  # the SDK has no other way to replace its connections
            session.trust_env = False
            for scheme in ("https://", "http://"):
                session.mount(scheme, self._transport)
            return built

        self._generative_client = client(services.GenerativeServiceClient)
        self._model_client = client(services.ModelServiceClient)

    def embed(
        self, model: str, texts: Sequence[str], task_type: str | None, dimensions: int, timeout_s: float
    ) -> list[Any]:
        """Return the vectors of a response, unchecked, for at least one text. `model` is its name with `models/`."""
        content: Any = list(texts) if len(texts) > 1 else texts[0]

        def embed_content() -> Any:
            return genai.embed_content(
                model,
                content,
                task_type=task_type,
                output_dimensionality=dimensions,
                client=self._generative_client,
                request_options={"timeout": timeout_s, "retry": None},
            )["embedding"]

        embedded = _checked(embed_content)
        return list(embedded) if len(texts) > 1 else [embedded]

    def generate(
        self,
        model: str,
        instruction: str,
        text: str,
        schema: Mapping[str, Any],
        max_output_tokens: int,
        timeout_s: float,
    ) -> GeneratedText:
        """Return one reply to a text, as JSON of a schema, unchecked. `model` is its name with `models/`."""

        generative = genai.GenerativeModel(
            model,
            safety_settings=_UNFILTERED,
            generation_config={
                "candidate_count": 1,
                "max_output_tokens": max_output_tokens,
                "response_mime_type": "application/json",
                "response_schema": dict(schema),
            },
            system_instruction=instruction,
        )
        generative._client = self._generative_client  # else it is one for the whole process
        options = {"timeout": timeout_s, "retry": None}

        def generate_content() -> GeneratedText:
            response = generative.generate_content(text, request_options=options)
            version = response.to_dict().get("model_version", "")
            for candidate in response.candidates:
                parts = "".join(part.text for part in candidate.content.parts)
                reason = candidate.finish_reason  # a number where the SDK doesn't know it
                return GeneratedText(parts, getattr(reason, "name", str(reason)), version)
            return GeneratedText("", "", version)

        generated: GeneratedText = _checked(generate_content)
        return generated

    def methods_of(self, model: str, timeout_s: float) -> list[str]:
        """Return the names of the methods that a model supports, such as `embedContent`."""
        options = {"timeout": timeout_s, "retry": None}
        found = _checked(lambda: genai.get_model(model, client=self._model_client, request_options=options))
        return list(found.supported_generation_methods)


def _checked(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except _SHAPE_ERRORS:
        raise SourceError(Source.GEMINI, SourceErrorKind.MALFORMED, "not a response of the API") from None


class GeminiTransport(BaseAdapter):
    """Sends the SDK's requests, each once. Thread-safe. Raises `SourceError` for all but complete responses with a 200.

    By itself, the SDK follows redirects with the API key in a header, repeats a request after a 401, reads proxies and
    credentials from the environment, and waits for a slow body without a limit.
    """

    def __init__(self) -> None:
        """Opens no connection."""
        super().__init__()
        self._exchange = HttpExchange(Source.GEMINI, _MAX_RESPONSE_BYTES, _CONNECT_TIMEOUT_S)

    def send(self, request: requests.PreparedRequest, *_: Any, timeout: Any = None, **__: Any) -> requests.Response:
        """Send the request; `timeout` is in seconds, and limits the whole response. Other options are ignored."""
        assert request.method is not None
        assert request.url is not None
        reply = self._exchange.send(
            request.method,
            request.url,
            {name: str(value) for name, value in request.headers.items()},
            Deadline(float(timeout)),
            body=_encoded(request.body),
            statuses_read=STATUSES_READ,
        )
        error = reply_error(reply)
        if error is not None:
            raise error
        response = requests.Response()
        response.status_code = reply.status
        response.headers.update(reply.headers)
        response._content = reply.body
        response.request, response.url = request, request.url
        return response

    def close(self) -> None:
        """Do nothing: idle connections end with the environment."""


def _encoded(body: Any) -> bytes | None:
    """Return the body of a request of the SDK: JSON as text, or none."""
    return body.encode() if isinstance(body, str) else body
