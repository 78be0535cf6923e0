"""The spending summary in warm functions: handler alone and behind the gateway, cached and not, short and long history.

The variants alternate, one request each, so that changes of the machine's speed affect all of them. The handler runs in
this process, with the real Postgres and a stand-in for DynamoDB. Its own time is measured inside of its
server for each request and subtracted; it is a figure of its own.
"""

import importlib.util
import json
import os
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import httpx
import psycopg

from bench.figures import Figure, median_ms, percentile_ms
from local.stack import CHECKOUT, LocalStack
from local.stand_ins.duration_header import DURATION_HEADER

ROUNDS = 300
WARM_UP = 30
PERIOD = "last_30_days"

# Expenses in the last 30 days, the same for both users, whose earlier histories differ.
RECENT = 80


@dataclass
class Sample:
    """Durations in seconds, one per round; `dynamodb` is the stand-in's part of them."""

    whole: list[float] = field(default_factory=list)
    dynamodb: list[float] = field(default_factory=list)

    @property
    def own(self) -> list[float]:
        return [whole - dynamodb for whole, dynamodb in zip(self.whole, self.dynamodb, strict=True)]


def run() -> dict[str, Figure]:
    """Measure on a stack of its own, which ends with the measurement."""
    with ExitStack() as exits:
        state = exits.enter_context(tempfile.TemporaryDirectory())
        # Two users send all requests: the limit of each would refuse most of them.
        parameters = {"UserRequestsPerMinute": "1000000"}
        stack = exits.enter_context(LocalStack(Path(state), parameters=parameters))
        stack.warm()
        exits.enter_context(mock.patch.dict(os.environ, stack.environment_of("spend_summary")))
        # The handler's metrics are lines on standard output, where our figures go.
        exits.enter_context(redirect_stdout(exits.enter_context(Path(os.devnull).open("w"))))
        return _measure(stack)


def _measure(stack: LocalStack) -> dict[str, Figure]:
    short, long = uuid.uuid4(), uuid.uuid4()
    _book(stack.postgres.owner, short, 100)
    _book(stack.postgres.owner, long, 100_000)
    handler, cache, dynamodb = _handler()

    def in_process(user: uuid.UUID, sample: Sample, *, cached: bool) -> None:
        if not cached:
            with cache.write_fence(user):  # as a write does: it invalidates the cached answers
                pass
        dynamodb.seconds = 0.0
        began = time.perf_counter()
        response = handler(_event(user), _CONTEXT)
        sample.whole.append(time.perf_counter() - began)
        sample.dynamodb.append(dynamodb.seconds)
        assert response["statusCode"] == 200 and json.loads(response["body"])["cached"] is cached, response

    samples = {name: Sample() for name in ("cached", "uncached", "long", "gateway_cached", "gateway_uncached")}
    with httpx.Client(base_url=stack.url, headers={"authorization": f"Bearer {stack.token(short)}"}) as client:

        def through_gateway(sample: Sample, *, cached: bool) -> None:
            if not cached:
                with cache.write_fence(short):
                    pass
            began = time.perf_counter()
            response = client.get("/v1/spend-summary", params={"period": PERIOD})
            sample.whole.append(time.perf_counter() - began)
            sample.dynamodb.append(0.0)
            assert response.json()["cached"] is cached, response.text

        for turn in range(WARM_UP + ROUNDS):
            if turn == WARM_UP:
                samples = {name: Sample() for name in samples}
            in_process(long, samples["long"], cached=False)
            in_process(short, samples["uncached"], cached=False)
            in_process(short, samples["cached"], cached=True)
            through_gateway(samples["gateway_uncached"], cached=False)
            through_gateway(samples["gateway_cached"], cached=True)

    cached, uncached, long_history = samples["cached"], samples["uncached"], samples["long"]
    ratio = median_ms(long_history.own) / median_ms(uncached.own)
    ms = "ms"
    return {
        "cached_ms_p50": Figure(median_ms(cached.own), ms, "handler, cached answer, without the stand-in's own time"),
        "cached_ms_p95": Figure(percentile_ms(cached.own, 95), ms, "the same, 95th percentile"),
        "uncached_ms_p50": Figure(
            median_ms(uncached.own), ms, "handler, answer from Postgres, without the stand-in's own time"
        ),
        "uncached_ms_p95": Figure(percentile_ms(uncached.own, 95), ms, "the same, 95th percentile"),
        "cached_dynamodb_ms_p50": Figure(
            median_ms(cached.dynamodb), ms, "DynamoDB's stand-in's own time in a cached answer: subtracted above"
        ),
        "uncached_dynamodb_ms_p50": Figure(
            median_ms(uncached.dynamodb), ms, "DynamoDB's stand-in's own time in an uncached answer: subtracted above"
        ),
        "gateway_cached_ms_p50": Figure(
            median_ms(samples["gateway_cached"].whole), ms, "cached, through the local gateway, everything included"
        ),
        "gateway_uncached_ms_p50": Figure(
            median_ms(samples["gateway_uncached"].whole), ms, "uncached, through the local gateway, everything included"
        ),
        "history_ratio_100k": Figure(
            round(ratio, 2), "x", f"uncached, 100,000 expenses against 100, both with {RECENT} in the last 30 days"
        ),
        "cached_ratio": Figure(
            round(median_ms(uncached.own) / median_ms(cached.own), 2), "x", "uncached against cached"
        ),
        "rounds": Figure(ROUNDS, "", "rounds, all variants in turn"),
    }


def _book(owner: str, user: uuid.UUID, count: int) -> None:
    """Insert a user with `RECENT` expenses in the last 30 days and the rest spread over the ten years before."""
    with psycopg.connect(owner) as connection:
        connection.execute("insert into users (id) values (%s)", (user,))
        connection.execute(
            """
            insert into expenses (user_id, amount, currency, category, spent_at)
            select %(user)s, 1 + n %% 180, 'USD',
                   (array['fuel', 'groceries', 'camping', 'dining', 'tolls', 'laundry'])[1 + n %% 6],
                   case when n <= %(recent)s then now() - n * interval '29 days' / %(recent)s
                        else now() - interval '31 days' - n * (interval '3620 days' / %(count)s) end
              from generate_series(1, %(count)s) n
            """,
            {"user": user, "count": count, "recent": RECENT},
        )
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("vacuum analyze expenses")


class DynamoDBTime:
    """Sums the times that the AWS endpoint reports in a header of each response."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, response_dict: dict[str, Any], **_: Any) -> None:
        self.seconds += float(response_dict["headers"][DURATION_HEADER]) / 1000


def _handler() -> tuple[Callable[[dict[str, Any], Any], dict[str, Any]], Any, DynamoDBTime]:
    """Return the function's handler in this process, its cache, and the sum of the stand-in's times."""
    from pam.environment import user_dependencies
    from pam.platform import aws

    spec = importlib.util.spec_from_file_location("app", CHECKOUT / "functions" / "spend_summary" / "app.py")
    assert spec is not None and spec.loader is not None
    app = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(app)
    dynamodb = DynamoDBTime()
    aws.client("dynamodb").meta.events.register("before-parse.dynamodb", dynamodb)
    return app.handler, user_dependencies().cache, dynamodb


def _event(user: uuid.UUID) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((CHECKOUT / "events" / "spend_summary.json").read_text())
    event["rawQueryString"] = f"period={PERIOD}"
    event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = str(user)
    return event


_CONTEXT = SimpleNamespace(
    function_name="spend_summary",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:spend_summary",
    aws_request_id="bench",
    get_remaining_time_in_millis=lambda: 10_000,
)
