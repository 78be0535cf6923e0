"""The wire format of Gemini's stand-in: what it accepts, what it refuses, and with which bodies."""

import math
from typing import Any

import httpx
import pytest

from local.stand_ins.gemini.errors import ApiError
from local.stand_ins.gemini.quota import Quota
from local.stand_ins.gemini.server import GEMINI_KEY
from tests.functional.stand_ins.client import StandInClient

MODEL = "gemini-embedding-2"


def content(text: str = "A text") -> dict[str, Any]:
    return {"parts": [{"text": text}]}


def single(client: StandInClient, model: str = MODEL, **fields: Any) -> httpx.Response:
    return client.http.post(f"/v1beta/models/{model}:embedContent", json={"content": content()} | fields)


def batch(client: StandInClient, *requests: Any, model: str = MODEL) -> httpx.Response:
    return client.http.post(f"/v1beta/models/{model}:batchEmbedContents", json={"requests": list(requests)})


def request(text: str = "A text", **fields: Any) -> dict[str, Any]:
    return {"model": f"models/{MODEL}", "content": content(text)} | fields


def error(response: httpx.Response) -> tuple[int, str, str]:
    """Return the error's code, status and message; its code is also the response's."""
    fields = response.json()["error"]
    assert fields["code"] == response.status_code
    assert response.headers["content-type"].startswith("application/json")
    return fields["code"], fields["status"], fields["message"]


def test_response_has_one_vector_or_one_for_each_request(stand_in: StandInClient) -> None:
    """`embedding.values`, or `embeddings` in the order of the requests; marked as simulated."""
    response = single(stand_in)
    assert response.headers["x-simulated"] == "true"
    assert response.json().keys() == {"embedding"}
    values = response.json()["embedding"]["values"]
    several = batch(stand_in, request("Another"), request()).json()["embeddings"]
    assert [set(each) for each in several] == [{"values"}, {"values"}]
    assert several[1]["values"] == pytest.approx(values, abs=1e-6)
    assert several[0]["values"] != several[1]["values"]


@pytest.mark.parametrize(
    "fields",
    [
        {"outputDimensionality": 256, "taskType": "RETRIEVAL_QUERY"},
        {"output_dimensionality": "256", "task_type": 1},
        {"embedContentConfig": {"outputDimensionality": 256.0, "taskType": "RETRIEVAL_QUERY"}},
        {"embed_content_config": {"output_dimensionality": 256, "task_type": 1}, "title": None},
    ],
)
def test_fields_are_accepted_as_proto3_json(stand_in: StandInClient, fields: dict[str, Any]) -> None:
    """Names in camel case or of the proto file, enums by name or number, integers as text, null as absent."""
    response = single(stand_in, **fields)
    assert len(response.json()["embedding"]["values"]) == 256
    [entry] = stand_in.journal()["last"]
    assert (entry["task_types"], entry["dimensions"]) == (["RETRIEVAL_QUERY"], [256])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"dimensions": 768}, 'Invalid JSON payload received. Unknown name "dimensions": Cannot find field.'),
        ({"outputDimensionality": 127}, "between 128 and 3072"),
        ({"outputDimensionality": 3073}, "between 128 and 3072"),
        ({"outputDimensionality": 128.5}, "Invalid value at 'output_dimensionality' (TYPE_INT32), 128.5"),
        ({"outputDimensionality": True}, "Invalid value at 'output_dimensionality' (TYPE_INT32), true"),
        ({"taskType": "RETRIEVAL"}, "Invalid value at 'task_type'"),
        ({"taskType": 99}, "Invalid value at 'task_type'"),
        ({"content": None}, "content is required"),
        ({"content": {"parts": []}}, "contains an empty Part"),
        ({"content": content("")}, "contains an empty Part"),
        ({"content": {"parts": [{"text": 5}]}}, "Invalid value at 'content.parts[0].text' (TYPE_STRING), 5"),
        ({"content": {"parts": [{"text": "a", "texts": 1}]}}, "Unknown name \"texts\" at 'content.parts[0]'"),
        ({"content": "A text"}, "Invalid value at 'content'"),
    ],
)
def test_invalid_field_is_400(stand_in: StandInClient, fields: dict[str, Any], message: str) -> None:
    """In both methods; the message names the place of the field."""
    code, status, text = error(single(stand_in, **fields))
    assert (code, status) == (400, "INVALID_ARGUMENT")
    assert message in text
    code, status, text = error(batch(stand_in, request(), request() | fields))
    assert (code, status) == (400, "INVALID_ARGUMENT")
    assert "[1]" in text or "empty Part" in text


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (MODEL, "unexpected model name format"),
        (None, "unexpected model name format"),
        ("models/minilm", "model must match"),
    ],
)
def test_each_request_of_a_batch_names_its_model(stand_in: StandInClient, model: str | None, message: str) -> None:
    """As the batch does; in a single request, that of the path counts."""
    code, status, text = error(batch(stand_in, request(), request(model=model)))
    assert (code, status) == (400, "INVALID_ARGUMENT")
    assert message in text
    body = {"model": model, "content": content()}
    assert stand_in.http.post(f"/v1beta/models/{MODEL}:embedContent", json=body).status_code == 200


@pytest.mark.parametrize(("count", "status"), [(0, 400), (1, 200), (100, 200), (101, 400)])
def test_batch_has_1_to_100_requests(stand_in: StandInClient, count: int, status: int) -> None:
    """The 101st refuses the whole batch."""
    response = batch(stand_in, *[request()] * count)
    assert response.status_code == status
    if count > 100:
        message = "* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch\n"
        assert error(response) == (400, "INVALID_ARGUMENT", message)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"requests": 3}', b"\xff", b"[" * 100_000])
def test_body_of_another_shape_is_400(stand_in: StandInClient, body: bytes) -> None:
    """No JSON, or JSON of another shape."""
    response = stand_in.http.post(f"/v1beta/models/{MODEL}:batchEmbedContents", content=body)
    assert error(response)[:2] == (400, "INVALID_ARGUMENT")


def test_key_is_required(stand_in: StandInClient) -> None:
    """Without one 403, with a wrong one 400 and the reason API_KEY_INVALID; in the header or the query."""
    path = f"/v1beta/models/{MODEL}"
    del stand_in.http.headers["x-goog-api-key"]
    assert error(stand_in.http.get(path))[:2] == (403, "PERMISSION_DENIED")
    assert error(single(stand_in))[:2] == (403, "PERMISSION_DENIED")
    wrong = stand_in.http.get(path, headers={"x-goog-api-key": "AIza-other"})
    assert error(wrong) == (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")
    assert wrong.json()["error"]["details"][0]["reason"] == "API_KEY_INVALID"
    assert stand_in.http.get(path, params={"key": GEMINI_KEY}).status_code == 200
    assert GEMINI_KEY not in str(stand_in.journal())


def test_model_is_described(stand_in: StandInClient) -> None:
    """`GET /v1beta/models/{model}` says what it can do and how long its input may be."""
    model = stand_in.http.get(f"/v1beta/models/{MODEL}").json()
    assert model["name"] == f"models/{MODEL}"
    assert "embedContent" in model["supportedGenerationMethods"]
    assert model["inputTokenLimit"] == 8192


@pytest.mark.parametrize("model", ["gemini-embedding-9", "gemini-2.5-flash"])
def test_model_without_embeddings_is_404(stand_in: StandInClient, model: str) -> None:
    """An unknown one, and one that only generates."""
    code, status, message = error(single(stand_in, model))
    assert (code, status) == (404, "NOT_FOUND")
    assert message.startswith(f"models/{model} is not found for API version v1beta, or is not supported for embedCon")


def test_vectors_of_001_are_not_of_length_1_unless_whole(stand_in: StandInClient) -> None:
    """Who doesn't normalise them notices; those of gemini-embedding-2 are."""
    lengths = {
        (model, size): math.hypot(*single(stand_in, model, outputDimensionality=size).json()["embedding"]["values"])
        for model in ("gemini-embedding-001", MODEL)
        for size in (128, 1536, 3072)
    }
    short = {key for key, length in lengths.items() if abs(length - 1) > 1e-6}
    assert short == {("gemini-embedding-001", 128), ("gemini-embedding-001", 1536)}


@pytest.mark.parametrize(
    ("model", "text", "same"),
    [
        (MODEL, "task: search result | query: A text", True),
        (MODEL, "title: none | text: A text", True),
        (MODEL, "task: search result | query: ", False),
        (MODEL, "my task: search result | query: A text", False),
        ("gemini-embedding-001", "title: none | text: A text", False),
    ],
)
def test_instruction_in_a_text_is_not_embedded(stand_in: StandInClient, model: str, text: str, same: bool) -> None:
    """Where the model reads instructions: MiniLM would take it for a part of the text."""
    vectors = [
        single(stand_in, model, content=content(each)).json()["embedding"]["values"] for each in ("A text", text)
    ]
    assert (vectors[0] == pytest.approx(vectors[1], abs=1e-6)) is same


def test_429_has_its_end_in_header_and_body(stand_in: StandInClient) -> None:
    """The quota that was exceeded, and `RetryInfo`."""
    stand_in.control(requests_per_minute=1)
    assert single(stand_in).status_code == 200
    response = single(stand_in)
    assert error(response)[:2] == (429, "RESOURCE_EXHAUSTED")
    failure, retry = response.json()["error"]["details"]
    assert failure["violations"][0]["quotaDimensions"]["model"] == MODEL
    assert retry["retryDelay"] == f"{response.headers['retry-after']}s"
    assert single(stand_in, "minilm").status_code == 200  # each model has a limit of its own


def test_limit_ends_with_its_minute() -> None:
    """A refused request isn't counted, and the next minute begins with a request."""
    now = [0.0]
    quota = Quota(requests_per_minute=3, monotonic=lambda: now[0])
    quota.take("minilm", ["a", "b"])
    for _ in range(2):
        with pytest.raises(ApiError) as raised:
            quota.take("minilm", ["c", "d"])
    assert raised.value.retry_after == 60
    quota.take("minilm", ["e"])
    now[0] = 59.0
    with pytest.raises(ApiError) as raised:
        quota.take("minilm", ["f"])
    assert raised.value.retry_after == 1
    now[0] = 60.0
    quota.take("minilm", ["g"] * 3)


def test_fault_applies_to_the_requests_that_it_names(stand_in: StandInClient) -> None:
    """By their texts and number; the journal has them by their texts, too."""
    stand_in.control(mode="503", times=2, contains="pump")
    statuses = [single(stand_in, content=content(text)).status_code for text in ("gas", "a pump", "pumps", "pump")]
    assert statuses == [200, 503, 503, 200]
    assert stand_in.journal(contains="pump")["requests"] == 3
    assert stand_in.journal()["requests"] == 4


@pytest.mark.parametrize("settings", [{"mode": "unknown"}, {"colour": 1}, {"requests_per_minute": "many"}])
def test_unknown_setting_is_422(stand_in: StandInClient, settings: dict[str, Any]) -> None:
    """A misspelt fault would let a test pass."""
    assert stand_in.http.put("/_control", json=settings).status_code == 422


@pytest.mark.parametrize(("mode", "failure"), [("reset", httpx.ReadError), ("truncated", httpx.RemoteProtocolError)])
def test_connection_ends_early(stand_in: StandInClient, mode: str, failure: type[Exception]) -> None:
    """Reset without a response, or closed in the middle of one."""
    stand_in.control(mode=mode)
    with pytest.raises(failure):
        single(stand_in)
