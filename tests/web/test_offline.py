"""The page without a connection: it opens, shows the last known figures, and keeps what is entered until it is sent."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.web.api_client import TIMEZONE
from tests.web.app_page import CLAUDE_TIMEOUT_MS, AppPage, expect_complete

WORKER_IS_ACTIVE = "navigator.serviceWorker.ready.then(({ active }) => active.state)"


@pytest.fixture
def app(new_app) -> AppPage:
    """A page of a signed-in user whose service worker has stored all files, and which has been loaded from them."""
    app = new_app(service_workers="allow")
    app.open()
    app.wait_until(lambda: app.page.evaluate(WORKER_IS_ACTIVE) == "activated")
    app.sign_in().wait_until_connected()
    return app


def go_offline(app: AppPage) -> None:
    """Disconnect the page and its service worker, and check that neither reaches the server."""
    app.page.context.set_offline(True)
    app.allow_request_errors()
    reached = "fetch('/config.json?direct', { cache: 'no-store' }).then(() => true, () => false)"
    assert app.page.context.service_workers
    for worker in app.page.context.service_workers:
        assert worker.evaluate(reached) is False
    assert app.page.evaluate(reached) is False


def test_probe(app):
    go_offline(app)
    app.page.reload()
    expect(app.page.locator("#panel-total")).not_to_be_empty()
    print(app.panel.inner_text())
