"""The service worker: what it stores, how a new version replaces it, and the page without it."""

import json
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from local.build import build_site
from local.page_files import MANIFEST_PATH
from local.stack import CHECKOUT
from tests.web.conftest import CHROMIUM_ARGS

CONFIG = {"stage": "test", "issuer": "/issuer", "client_id": "pam-web", "demo": False}
# Two modules, of which one imports the other.
OUTER, INNER = "offline.js", "dates.js"


class PageServer(ThreadingHTTPServer):
    """A server of the built page's folder, in place of that of a stage."""

    daemon_threads = True

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.checkout = checkout
        self.folder = folder
        self.broken: set[str] = set()
        self.served: list[str] = []
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(SimpleHTTPRequestHandler):
    server: PageServer
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}

    def do_GET(self) -> None:
        self.server.served.append(self.path)
        # Files of two versions that are published within a second have one date: a stage has ETags.
        del self.headers["if-modified-since"]
        if self.path in self.server.broken:
            self.send_error(500)
        else:
            super().do_GET()

    def end_headers(self) -> None:
        self.send_header("cache-control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@pytest.fixture
def server() -> Iterator[PageServer]:
    """A server of version 1, with a checkout of its own."""
    with TemporaryDirectory(prefix="pam-site-") as folder:
        checkout = Path(folder) / "checkout"
        checkout.mkdir()
        shutil.copytree(CHECKOUT / "web", checkout / "web")
        for name in ("layers", "docs", "node_modules"):
            (checkout / name).symlink_to(CHECKOUT / name)
        server = PageServer(checkout, Path(folder) / "site")
        publish(server, "1")
        yield server
        server.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(service_workers="allow")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: PageServer) -> Page:
    """A page whose service worker has stored version 1."""
    page = context.new_page()
    page.goto(server.url)
    wait_until(page, "navigator.serviceWorker.getRegistration().then((one) => one?.active?.state === 'activated')")
    return page


def publish(server: PageServer, version: str, *, files: tuple[str, ...] = (OUTER, INNER)) -> None:
    """Build a version in which modules note it in `window.versions`."""
    for file in files:
        text = (CHECKOUT / "web" / file).read_text()
        (server.checkout / "web" / file).write_text(f"(globalThis.versions ??= {{}})['{file}'] = '{version}';\n{text}")
    build_site(server.checkout, server.folder)
    (server.folder / "config.json").write_text(json.dumps(CONFIG))


def open_versions(page: Page, url: str) -> dict[str, str]:
    """Load the page and return the versions of its two modules."""
    page.goto(url)
    wait_until(page, f"globalThis.versions?.['{OUTER}'] && globalThis.versions['{INNER}']")
    versions = page.evaluate("globalThis.versions")
    return {file: versions[file] for file in (OUTER, INNER)}


def wait_until(page: Page, condition: str) -> None:
    """Wait until an expression, or what its promise resolves with, is true."""
    for _ in range(300):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{condition} isn't true within 15 seconds")


def test_new_version_is_used_at_the_next_load(page, server):
    """No second load is needed, and only the page and the changed files are fetched."""
    assert open_versions(page, server.url) == {OUTER: "1", INNER: "1"}
    publish(server, "2")
    server.served.clear()
    assert open_versions(page, server.url) == {OUTER: "2", INNER: "2"}
    fetched = {path for path in server.served if path not in {MANIFEST_PATH, "/config.json", "/service_worker.js"}}
    assert fetched == {"/", f"/{OUTER}", f"/{INNER}"}


def test_version_that_is_published_in_part_isn_t_used(page, server):
    """While a file of the new version is missing or still the old one, the page opens with all of the old one."""
    server.broken.add(f"/{INNER}")
    publish(server, "2")
    assert open_versions(page, server.url) == {OUTER: "1", INNER: "1"}
    server.broken.clear()
    old = (server.folder / INNER).read_text()
    (server.folder / INNER).write_text(old.replace("'2'", "'1'"))
    assert open_versions(page, server.url) == {OUTER: "1", INNER: "1"}
    (server.folder / INNER).write_text(old)
    assert open_versions(page, server.url) == {OUTER: "2", INNER: "2"}


def test_open_page_keeps_its_version_while_another_opens_the_new_one(page, context, server):
    """A module that a page imports late is of the version of the page, also after the browser stopped the worker."""
    open_versions(page, server.url)
    publish(server, "2", files=(OUTER, INNER, "backoff.js"))
    other = context.new_page()
    assert open_versions(other, server.url) == {OUTER: "2", INNER: "2"}
    client = context.new_cdp_session(page)
    client.send("ServiceWorker.enable")
    client.send("ServiceWorker.stopAllWorkers")
    read = "fetch('/router.json').then(() => import('/backoff.js?late')).then(() => globalThis.versions['backoff.js'])"
    assert page.evaluate(read) is None
    assert other.evaluate(read) == "2"


def test_only_used_versions_stay_stored(page, server):
    """A version that no page uses is removed when a page is opened."""
    for version in ("2", "3", "4"):
        publish(server, version)
        open_versions(page, server.url)
    # No page was opened with version 1. One that was opened within a minute may not be listed yet.
    stored = "caches.keys().then((all) => all.filter((name) => name.startsWith('pam-files-')).length)"
    assert page.evaluate(stored) == 3
    (worker,) = page.context.service_workers
    worker.evaluate("Date.now = ((now) => () => now() + 120_000)(Date.now)")
    open_versions(page, server.url)
    wait_until(page, f"{stored}.then((count) => count === 1)")


def test_page_opens_while_the_server_is_down(page, server):
    """All modules are those that were stored."""
    open_versions(page, server.url)
    server.stop()
    assert open_versions(page, server.url) == {OUTER: "1", INNER: "1"}
    # As its settings say: no demo traveller, but an issuer.
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


def test_evicted_files_are_fetched_again(page, server):
    """The page opens from the network, and is stored anew."""
    open_versions(page, server.url)
    page.evaluate("caches.keys().then((all) => Promise.all(all.map((name) => caches.delete(name))))")
    assert page.evaluate("import('/backoff.js').then(({ backoffDelay }) => typeof backoffDelay)") == "function"
    assert open_versions(page, server.url) == {OUTER: "1", INNER: "1"}
    server.stop()
    assert open_versions(page, server.url) == {OUTER: "1", INNER: "1"}


def test_page_works_where_the_browser_refuses_a_service_worker(browser, server):
    """As in a private window."""
    context = browser.new_context(service_workers="allow")
    context.add_init_script("ServiceWorkerContainer.prototype.register = () => Promise.reject(new Error('refused'));")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    assert open_versions(page, server.url) == {OUTER: "1", INNER: "1"}
    assert errors == []
    context.close()


def test_page_can_be_installed(browser: Browser, server, tmp_path):
    """Chromium finds nothing that is missing: a manifest with icons, and a start page."""
    context = browser.browser_type.launch_persistent_context(
        tmp_path, executable_path=shutil.which("chromium"), args=CHROMIUM_ARGS, service_workers="allow"
    )
    page = context.new_page()
    page.goto(server.url)
    client = context.new_cdp_session(page)
    found = client.send("Page.getAppManifest")
    assert found["errors"] == []
    assert json.loads(found["data"])["display"] == "standalone"
    assert client.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    context.close()
