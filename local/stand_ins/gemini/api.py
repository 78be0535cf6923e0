"""The API: `embedContent`, `batchEmbedContents`, the models, and endpoints for faults and the journal."""

import asyncio
import json
import re
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from local.http_server import ConnectionReset, HttpRequest, HttpResponse
from local.stand_ins.gemini.errors import MESSAGES, ApiError, invalid_key
from local.stand_ins.gemini.faults import Fault, change_vectors
from local.stand_ins.gemini.models import MODELS, Model
from local.stand_ins.gemini.quota import Quota
from local.stand_ins.gemini.request import EmbedRequest, parse_batch, parse_single
from local.stand_ins.gemini.server import GEMINI_KEY
from pam.platform.deadline import Deadline
from pam.sources.source import SIMULATED_HEADER

if TYPE_CHECKING:
    from local.embedding.minilm import MiniLmEmbedder

_PATH = re.compile(r"/v1beta/models/([\w.-]+)(?::(\w+))?")
_JOURNAL_LENGTH = 500
_SIMULATED = {SIMULATED_HEADER: "true"}
_NO_DEADLINE_S = 600.0


class GeminiApi:
    """The stand-in.

    `PUT /_control {"mode", "times"?, "contains"?, "retry_after"?, "seconds"?}` sets a fault, and
    `{"requests_per_minute"?, "tokens_per_minute"?}` the limits. `GET /_journal?contains=…` returns the number of
    requests and the last of them, without keys; `DELETE /_journal` clears all of that.
    """

    def __init__(self) -> None:
        self._embedder: MiniLmEmbedder | None = None
        self._lock = threading.Lock()
        # Two, so that a query doesn't wait for a batch of a hundred texts.
        self._executor = ThreadPoolExecutor(2, "embedding")
        self._reset()

    def _reset(self) -> None:
        self._fault, self._quota = Fault(), Quota()
        self._requests = 0
        self._journal: deque[dict[str, Any]] = deque(maxlen=_JOURNAL_LENGTH)

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer a request to the API or to a control endpoint."""
        target = urlsplit(request.target)
        if target.path in {"/_control", "/_journal"}:
            return self._control(request.method, target.path, request.body, parse_qs(target.query))
        match = _PATH.fullmatch(target.path)
        if match is None:
            return HttpResponse(404, b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>", _HTML)
        entry: dict[str, Any] = {"path": target.path, "status": 200, "texts": [], "task_types": [], "dimensions": []}
        self._requests += 1
        self._journal.append(entry)
        try:
            _authenticate(request, parse_qs(target.query))
            return await self._answer(request, match[1], match[2], entry)
        except ApiError as error:
            entry["status"] = error.code
            return HttpResponse(error.code, error.body(), error.headers | _SIMULATED)

    async def _answer(self, request: HttpRequest, name: str, method: str | None, entry: dict[str, Any]) -> HttpResponse:
        is_batch = method == "batchEmbedContents"
        embeds = request.method == "POST" and (is_batch or method == "embedContent")
        if not embeds and not (request.method == "GET" and method is None):
            raise ApiError(404, MESSAGES[404])
        requests: list[EmbedRequest] = []
        if embeds:
            requests = parse_batch(request.body, name) if is_batch else [parse_single(request.body, name)]
        texts = [each.text for each in requests]
        entry |= {
            "texts": texts,
            "task_types": sorted({each.task_type for each in requests}),
            "dimensions": sorted({each.dimensions for each in requests}),
        }
        fault = self._fault
        mode = entry["fault"] = fault.take(texts)
        if error := fault.error(mode):
            raise error
        if mode == "reset":
            raise ConnectionReset
        if mode == "slow":
            await asyncio.sleep(fault.seconds)
        model = MODELS.get(name)
        if model is None or (embeds and "embedContent" not in model.methods):
            raise ApiError(
                404,
                f"models/{name} is not found for API version v1beta, or is not supported for {method or 'getModel'}. "
                "Call ListModels to see the list of available models and their supported methods.",
            )
        if not embeds:
            return _response(model.to_json(), mode)
        self._quota.take(name, texts)
        loop = asyncio.get_running_loop()
        vectors = await loop.run_in_executor(self._executor, self._embed, model, requests)
        embeddings = [{"values": vector} for vector in change_vectors(vectors, mode)]
        return _response({"embeddings": embeddings} if is_batch else {"embedding": embeddings[-1]}, mode)

    def _embed(self, model: Model, requests: list[EmbedRequest]) -> list[list[float]]:
        texts = [model.text_of(each.text) for each in requests]
        vectors = self._load().embed_array(texts, Deadline(_NO_DEADLINE_S)).tolist()
        return [model.resize(vector, each.dimensions) for vector, each in zip(vectors, requests, strict=True)]

    def _load(self) -> "MiniLmEmbedder":
        """Import numpy and load the model with the first text, so that the stack starts without waiting for them."""
        with self._lock:
            if self._embedder is None:
                from local.embedding.minilm import MiniLmEmbedder

                self._embedder = MiniLmEmbedder()
                self._embedder.load()
            return self._embedder

    def _control(self, method: str, path: str, body: bytes, query: dict[str, list[str]]) -> HttpResponse:
        match method, path:
            case "PUT", "/_control":
                try:
                    self._set(json.loads(body))
                except (TypeError, ValueError) as error:
                    return HttpResponse(422, json.dumps({"error": str(error)}).encode())
                return HttpResponse(204)
            case "GET", "/_journal":
                [contains] = query.get("contains", [""])
                last = [each for each in self._journal if any(contains in text for text in [*each["texts"], ""])]
                count = len(last) if contains else self._requests
                return HttpResponse(200, json.dumps({"requests": count, "last": last}).encode())
            case "DELETE", "/_journal":
                self._reset()
                return HttpResponse(204)
        return HttpResponse(405)

    def _set(self, settings: dict[str, Any]) -> None:
        """Set limits and a fault. Raises ValueError or TypeError for settings that don't exist."""
        for name in ("requests_per_minute", "tokens_per_minute"):
            if name in settings:
                setattr(self._quota, name, int(settings.pop(name)))
        if settings:
            self._fault = Fault(**settings)


def _authenticate(request: HttpRequest, query: dict[str, list[str]]) -> None:
    [key] = query.get("key", [""])[:1]
    key = request.headers.get("x-goog-api-key", key)
    if not key:
        raise ApiError(403, MESSAGES[403])
    if key != GEMINI_KEY:
        raise invalid_key()


_HTML = {"Content-Type": "text/html; charset=UTF-8"}


def _response(fields: dict[str, Any], mode: str) -> HttpResponse:
    """Return a response as its fault changes it."""
    body = json.dumps(fields).encode()
    match mode:
        case "truncated":
            return HttpResponse(200, body, _SIMULATED, sent_bytes=len(body) // 2)
        case "not_json":
            return HttpResponse(200, b"<html><body>Bad gateway</body></html>", _SIMULATED | _HTML)
        case "wrong_shape":
            return HttpResponse(200, json.dumps(dict.fromkeys(fields, "surprise")).encode(), _SIMULATED)
    return HttpResponse(200, body, _SIMULATED | {"Content-Type": "application/json; charset=UTF-8"})
