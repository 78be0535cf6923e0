"""A real browser on the real local stack: one of each for all tests, and a fresh page for every test."""

import json
import re
import shutil
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect, sync_playwright

from local import demo
from local.stack import LocalStack

ZONE = "America/Denver"
CHROMIUM_ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def base_url(stack: LocalStack) -> str:
    """The page, with the demo traveller's year behind it."""
    demo.load(stack.postgres.owner)
    return stack.url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


def figure(card: Locator, name: str) -> Locator:
    """What stands beside a name on a card: a figure such as its total, or a fact such as its source."""
    named = card.page.get_by_role("term").filter(has_text=re.compile(f"^{name}$"))
    return card.locator("dl > div", has=named).get_by_role("definition")


def path_of(request: Request) -> str:
    return urllib.parse.urlsplit(request.url).path


class Api:
    """The API without the page, to see what is really stored."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        config = self._json(urllib.request.Request(f"{base_url}/config.json"))
        form = {"client_id": config["client_id"], "grant_type": "client_credentials"}
        self.token = self._json(
            urllib.request.Request(f"{config['issuer']}/token", urllib.parse.urlencode(form).encode())
        )["access_token"]

    def get(self, path: str, **asked: str) -> dict:
        url = f"{self.base_url}/v1/{path}?{urllib.parse.urlencode(asked)}"
        return self._json(urllib.request.Request(url, headers={"Authorization": f"Bearer {self.token}"}))

    def this_month(self, category: str = "") -> dict:
        asked = {"period": "this_month", "timezone": ZONE} | ({"category": category} if category else {})
        return self.get("spend-summary", **asked)

    @staticmethod
    def _json(request: urllib.request.Request) -> dict:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@pytest.fixture(scope="session")
def api(base_url: str) -> Api:
    return Api(base_url)


class Pam:
    """The page as a traveller uses it, and a record of what it did."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.base_url = base_url
        self.requests: list[Request] = []
        self.errors: list[str] = []
        self.question: Locator = page.get_by_role("textbox", name="Your question")
        self.cards: Locator = page.locator("article.card")
        self.panel: Locator = page.get_by_role("complementary", name="This month by category")
        page.on("request", lambda request: self.requests.append(request))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))

    def open(self) -> "Pam":
        self.page.goto(self.base_url + "/")
        return self

    def sign_in(self) -> "Pam":
        self.open()
        self.page.get_by_role("button", name="Sign in as the demo traveller").click()
        expect(self.panel.locator("#panel-total")).not_to_be_empty()
        return self

    def ask(self, text: str) -> Locator:
        """Asks and gives the card of the answer."""
        before = self.cards.count()
        self.question.fill(text)
        self.question.press("Enter")
        expect(self.cards).to_have_count(before + 1)
        return self.cards.nth(before)

    def replies(self, intent: str, answer: dict, *, tier: int = 2, slots: dict | None = None) -> None:
        """From now on every question gets this answer, whatever it is."""
        told = {name: answer.get(name) for name in ("text", "source", "as_of")}
        reply = {"tier": tier, "intent": intent, "slots": slots or {}, "answer": answer} | told
        self.page.unroute("**/v1/ask")
        self.page.route("**/v1/ask", lambda route: route.fulfill(json=reply))

    def fill_expense(self, amount: str, category: str, description: str = "") -> Locator:
        """Opens the form and fills it in; gives the form."""
        self.page.get_by_role("button", name="Add expense").click()
        form = self.page.get_by_role("dialog", name="Add an expense")
        form.get_by_label("Amount").fill(amount)
        form.get_by_label("Category").select_option(category)
        form.get_by_label("Description").fill(description)
        return form

    def undo(self, card: Locator) -> None:
        card.get_by_role("button", name="Undo").click()
        expect(card).to_contain_text("Undone")

    def sent(self, method: str, path: str) -> list[Request]:
        return [sent for sent in self.requests if (sent.method, path_of(sent)) == (method, path)]

    def expect_failed_requests(self) -> None:
        """Forgives the lines that the browser itself writes about a request the test made fail."""
        self.errors = [error for error in self.errors if not error.startswith("Failed to load resource")]


@pytest.fixture
def new_pam(browser: Browser, base_url: str) -> Iterator[Callable[..., Pam]]:
    """Makes a page in a profile of its own. In the end none may have logged an error or left this machine."""
    contexts: list[BrowserContext] = []
    pams: list[Pam] = []

    def make(width: int = 1280, height: int = 800, **options) -> Pam:
        defaults = {"locale": "en-US", "timezone_id": ZONE, "reduced_motion": "reduce"}
        context = browser.new_context(viewport={"width": width, "height": height}, **(defaults | options))
        contexts.append(context)
        pams.append(Pam(context.new_page(), base_url))
        return pams[-1]

    yield make
    for context in contexts:
        context.close()
    for pam in pams:
        assert pam.errors == []
        assert {urllib.parse.urlsplit(sent.url).hostname for sent in pam.requests} <= {"127.0.0.1"}


@pytest.fixture
def pam(new_pam: Callable[..., Pam]) -> Pam:
    return new_pam()
