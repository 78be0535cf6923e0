"""Fixtures for tests in a real browser on the local stack: one browser and stack, and a new page for each test."""

import shutil
import urllib.parse
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from local import demo
from local.stack import LocalStack
from tests.web.api_client import TIMEZONE, ApiClient
from tests.web.app_page import AppPage
from tests.web.claude_stand_in import ClaudeStandIn
from tests.web.websocket_proxy import WebSocketProxy

# The last --disable-features replaces Playwright's own. Of those, these send requests; the popups of the address bar
# are pages of their own, and took half of the CPU of each new window.
_DISABLED_FEATURES = [
    "HttpsUpgrades", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints", "PreconnectToSearch",
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup",
]  # fmt: skip

CHROMIUM_ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    f"--disable-features={','.join(_DISABLED_FEATURES)}",
]  # fmt: skip

expect.set_options(timeout=15_000)

TOKEN_TTL_S = 2


@pytest.fixture(scope="session")
def base_url(stack: LocalStack) -> str:
    """The URL of the local stack, with the demo traveller's data loaded."""
    demo.load(stack.postgres.owner)
    return stack.url


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; tests are skipped without it.

    It ends with the tests of this folder: Playwright runs an event loop in their thread, and others run one, too.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def api(base_url: str) -> ApiClient:
    """A client that reads what is stored."""
    return ApiClient(base_url)


@pytest.fixture
def claude(stack: LocalStack) -> ClaudeStandIn:
    """The Claude stand-in without scripts, faults and delays."""
    claude = ClaudeStandIn(stack.claude.url)
    claude.reset()
    return claude


@pytest.fixture
def short_tokens(stack: LocalStack) -> Iterator[None]:
    """The issuer's tokens are valid for two seconds."""
    before = stack.issuer.token_ttl_s
    stack.issuer.token_ttl_s = TOKEN_TTL_S
    yield
    stack.issuer.token_ttl_s = before


@pytest.fixture
def new_app(browser: Browser, base_url: str) -> Iterator[Callable[..., AppPage]]:
    """Create pages in browser contexts of their own.

    At the end none of them may have logged an error or sent a request to another host.
    """
    contexts: list[BrowserContext] = []
    apps: list[AppPage] = []

    def create(width: int = 1280, height: int = 800, **options) -> AppPage:
        # Playwright doesn't intercept requests of pages with a service worker. It has tests of its own.
        defaults = {"locale": "en-US", "timezone_id": TIMEZONE, "reduced_motion": "reduce", "service_workers": "block"}
        context = browser.new_context(viewport={"width": width, "height": height}, **(defaults | options))
        contexts.append(context)
        apps.append(AppPage(context.new_page(), base_url))
        return apps[-1]

    yield create
    for context in contexts:
        context.close()
    for app in apps:
        assert app.unexpected_errors == []
        assert {urllib.parse.urlsplit(request.url).hostname for request in app.requests} <= {"127.0.0.1"}


@pytest.fixture
def app(new_app: Callable[..., AppPage]) -> AppPage:
    """A page in a new browser context, not opened yet."""
    return new_app()


@pytest.fixture
def proxy(app: AppPage) -> WebSocketProxy:
    """A proxy for the sockets of `app`; it must be requested before the page is opened."""
    return WebSocketProxy(app)
