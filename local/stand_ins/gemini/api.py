"""The API: `embedContent`, `batchEmbedContents`, `generateContent`, the models, and endpoints to control it."""

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
from local.stand_ins.gemini.faults import GENERATE, Fault, change_vectors
from local.stand_ins.gemini.generate_request import GenerateRequest, parse_generate
from local.stand_ins.gemini.generate_response import as_reply, make_response
from local.stand_ins.gemini.judge import Judge, message_of
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
_METHODS = {"batchEmbedContents": "embedContent"}  # models list the single one only


class GeminiApi:
    """The stand-in.

    `PUT /_control {"mode", "times"?, "contains"?, "method"?, "retry_after"?, "seconds"?, "reason"?}` sets a fault,
    `{"requests_per_minute"?, "tokens_per_minute"?}` the limits, and `{"attack_accuracy"?, "benign_accuracy"?, "seed"?}`
    how often the judge is right. `PUT /_labels` registers the truth about texts. `GET /_journal?contains=…` returns
    the number of requests and the last of them, without keys; `DELETE /_journal` clears all of that.
    """

    def __init__(self) -> None:
        self._embedder: MiniLmEmbedder | None = None
        self._lock = threading.Lock()
        # Two, so that a query doesn't wait for a batch of a hundred texts.
        self._executor = ThreadPoolExecutor(2, "embedding")
        self._reset()

    def _reset(self) -> None:
        self._fault, self._quota, self._judge = Fault(), Quota(), Judge()
        self._requests = 0
        self._journal: deque[dict[str, Any]] = deque(maxlen=_JOURNAL_LENGTH)

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer a request to the API or to a control endpoint."""
        target = urlsplit(request.target)
        if target.path in {"/_control", "/_labels", "/_journal"}:
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
        match request.method, method:
            case "POST", "embedContent":
                requests = [parse_single(request.body, name)]
            case "POST", "batchEmbedContents":
                requests = parse_batch(request.body, name)
            case "POST", "generateContent":
                return await self._generate(request, name, entry)
            case "GET", None:
                model, mode = await self._begin(name, method, [], entry)
                return _response(model.to_json(), mode)
            case _:
                raise ApiError(404, MESSAGES[404])
        texts = [each.text for each in requests]
        entry |= {
            "task_types": sorted({each.task_type for each in requests}),
            "dimensions": sorted({each.dimensions for each in requests}),
        }
        model, mode = await self._begin(name, method, texts, entry)
        self._quota.take(name, texts)
        loop = asyncio.get_running_loop()
        vectors = await loop.run_in_executor(self._executor, self._embed, model, requests)
        embeddings = [{"values": vector} for vector in change_vectors(vectors, mode)]
        is_batch = method == "batchEmbedContents"
        return _response({"embeddings": embeddings} if is_batch else {"embedding": embeddings[-1]}, mode)

    async def _generate(self, request: HttpRequest, name: str, entry: dict[str, Any]) -> HttpResponse:
        generate = parse_generate(request.body, name)
        entry |= {"instruction": generate.instruction, "safety": generate.safety, "prompt": generate.text}
        text = message_of(generate.text)
        model, mode = await self._begin(name, GENERATE, [text], entry)
        self._quota.take(name, [generate.instruction + generate.text], "generate_content")
        reply = as_reply(self._reply(generate), mode)
        query = parse_qs(urlsplit(request.target).query)
        fields = make_response(
            model.name,
            generate.instruction + generate.text,
            reply,
            generate.max_output_tokens,
            mode,
            self._fault.reason,
            enums_as_numbers="json;enum-encoding=int" in query.get("$alt", []),
        )
        return _response(fields, mode)

    def _reply(self, request: GenerateRequest) -> dict[str, str]:
        """Return the fields of a verdict, if they are of the request's schema. Raises ApiError for another schema."""
        reply = self._judge.reply(request.text)
        if request.enums.keys() != reply.keys() or any(each not in request.enums[key] for key, each in reply.items()):
            raise ApiError(400, "The stand-in only judges messages, by category and verdict.")
        return reply

    async def _begin(self, name: str, method: str | None, texts: list[str], entry: dict[str, Any]) -> tuple[Model, str]:
        """Return the model, and the mode of the fault for its response. Raises the errors that come before one."""
        fault = self._fault
        mode = fault.take(texts, method)
        entry |= {"texts": texts, "fault": mode}
        if error := fault.error(mode):
            raise error
        if mode == "reset":
            raise ConnectionReset
        if mode == "slow":
            await asyncio.sleep(fault.seconds)
        model = MODELS.get(name)
        if model is None or (method and _METHODS.get(method, method) not in model.methods):
            raise ApiError(
                404,
                f"models/{name} is not found for API version v1beta, or is not supported for {method or 'getModel'}. "
                "Call ListModels to see the list of available models and their supported methods.",
            )
        return model, mode

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
            case "PUT", "/_labels":
                try:
                    self._judge.add_labels(body)
                except ValueError as error:
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
        """Set limits, accuracies and a fault. Raises ValueError or TypeError for settings that don't exist."""
        for name in ("requests_per_minute", "tokens_per_minute"):
            if name in settings:
                setattr(self._quota, name, int(settings.pop(name)))
        for name in ("attack_accuracy", "benign_accuracy", "seed"):
            if name in settings:
                self._judge.set(name, settings.pop(name))
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
