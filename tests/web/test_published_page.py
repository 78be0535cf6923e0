"""The page as `make deploy` publishes it: the files of the bucket with the stage's headers, and an issuer elsewhere."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local import demo
from local.asgi_server import AsgiServer
from local.publish import Stage, publish
from local.security_headers import security_headers
from local.sockets import listen
from local.stack import CHECKOUT, LocalStack
from tests.moto_aws import aws_in_process
from tests.web.app_page import CLAUDE_TIMEOUT_MS, GAS_QUESTION, AppPage
from tests.web.test_openid_sign_in import choose, sign_in

BUCKET = "page"


class Distribution:
    """Serves as PageDistribution does: /v1/* from the API, all else from the bucket, everything with the headers."""

    def __init__(self, api: str, files: Mapping[str, Response], headers: Mapping[str, str]) -> None:
        self._api = httpx.AsyncClient(base_url=api, trust_env=False, timeout=60)
        self._files = files
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = request.url.path
        if path.startswith("/v1/"):
            response = await self._forward(request)
        else:
            response = self._files.get("index.html" if path == "/" else path.lstrip("/"), Response(status_code=403))
        response.headers.update(self._headers)
        await response(scope, receive, send)

    async def _forward(self, request: Request) -> Response:
        """Send the request with all of its headers but the host."""
        headers = [(name, value) for name, value in request.headers.items() if name != "host"]
        target = f"{request.url.path}?{request.url.query}"
        answer = await self._api.request(request.method, target, headers=headers, content=await request.body())
        kept = {name: value for name, value in answer.headers.items() if name not in ("content-length", "connection")}
        return Response(answer.content, answer.status_code, kept)


def read_bucket(stage: Stage) -> dict[str, Response]:
    """Publish the page of this checkout and return the objects of the bucket as they are served."""
    with aws_in_process() as session, TemporaryDirectory() as site:
        s3 = session.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        files = {}
        for key in publish(CHECKOUT, Path(site), stage, session).uploaded:
            stored: Any = s3.get_object(Bucket=BUCKET, Key=key)
            headers = {"cache-control": stored["CacheControl"], "content-type": stored["ContentType"]}
            files[key] = Response(stored["Body"].read(), 200, headers)
        return files


@pytest.fixture(scope="module")
def stage_stack() -> Iterator[tuple[LocalStack, str]]:
    """A stack whose page is at another origin than its issuer, and that origin."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    with closing(listen(0)) as listener, TemporaryDirectory(prefix="pam-") as state:
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        parameters = {"WebOrigin": origin, "UserRequestsPerMinute": "1000000"}
        options: dict[str, Any] = {"claude_profile": "zero", "parameters": parameters, "requires_sign_in": True}
        with LocalStack(Path(state), load_data=demo.load, **options) as stack:
            assert stack.warm() == {}
            stack.issuer.redirect_uris.add(f"{origin}/")
            connect = (stack.ws_url.rpartition("/")[0], stack.url)
            stage = Stage("dev", BUCKET, "none", stack.issuer.url, "pam-web", "openid", connect)
            distribution = Distribution(stack.url, read_bucket(stage), security_headers(connect))
            server = AsgiServer(distribution, listener)
            asyncio.run_coroutine_threadsafe(server.start(), loop).result()
            yield stack, origin
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(scope="module")
def base_url(stage_stack: tuple[LocalStack, str]) -> str:
    """The URL of the published page."""
    return stage_stack[1]


def test_published_page_signs_in_and_answers(app: AppPage, stage_stack: tuple[LocalStack, str]) -> None:
    """The policy lets the page reach the issuer and the WebSocket API at their origins, and the API at its own."""
    stack, origin = stage_stack
    sign_in(app).wait_until_connected()
    expect(app.ask(GAS_QUESTION)).to_contain_text("$")
    app.ask_claude("Tell me something about the road.")
    api = {each.url.partition("/v1/")[0] for each in app.requests if "/v1/" in each.url}
    assert api == {origin}
    assert all(socket.url.startswith(stack.ws_url) for socket in app.sockets)
    app.page.get_by_role("button", name="Sign out").click()
    app.wait_until(lambda: any("/local/issuer/logout" in each.url for each in app.requests))
    expect(app.page.get_by_role("button", name="Sign in")).to_be_visible()
    assert app.page.url == f"{origin}/"


def test_policy_of_the_stage_blocks_other_origins(app: AppPage) -> None:
    """Not even another port of an allowed host may be called."""
    app.open()
    blocked = app.page.evaluate(
        """() => new Promise((resolve) => {
            addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
            fetch("http://127.0.0.1:9/").catch(() => setTimeout(resolve, 500, "failed without the policy"));
        })"""
    )
    assert blocked == "connect-src"
    app.errors.clear()


def test_published_page_opens_offline(new_app: Any) -> None:
    """Its service worker accepts every file by its hash, and renews an expired session when there is a connection."""
    app = new_app(service_workers="allow")
    app.open()
    state = "navigator.serviceWorker.ready.then(({ active }) => active.state)"
    app.wait_until(lambda: app.page.evaluate(state) == "activated")
    choose(app, "Sign in as Demo traveller")
    expect(app.panel.locator("#panel-total")).not_to_be_empty()
    app.page.context.set_offline(True)
    app.allow_request_errors()
    app.page.reload()
    card = app.ask(GAS_QUESTION)
    expect(card).to_contain_text("Waiting")
    app.page.context.set_offline(False)
    expect(card).to_contain_text("$", timeout=CLAUDE_TIMEOUT_MS)


def test_other_pages_get_no_answer_of_the_issuer(stage_stack: tuple[LocalStack, str]) -> None:
    """CORS names the page's own origin, and no other."""
    stack, origin = stage_stack
    url = f"{stack.issuer.url}/.well-known/openid-configuration"
    for asking, allowed in ((origin, origin), ("https://pages.example", None), ("null", None)):
        response = httpx.get(url, headers={"origin": asking}, trust_env=False)
        assert response.headers.get("access-control-allow-origin") == allowed
