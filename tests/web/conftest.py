"""A real browser on the real local stack: one of each for all tests, and a fresh page for every test."""

import json
import re
import shutil
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, WebSocket, expect, sync_playwright

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


class Claude:
    """The stand-in for Claude: what it says to whom, how fast, and how it fails."""

    def __init__(self, url: str) -> None:
        self._url = url

    def says(self, contains: str, *replies: str | dict | list[dict]) -> None:
        """To turns with these words: a reply for each step, as text, as blocks, or as a whole reply with its fault; the
        last one again after that."""
        told = []
        for reply in replies:
            if isinstance(reply, dict) and "content" in reply:
                told.append(reply)
                continue
            blocks = reply if isinstance(reply, list) else [reply]
            told.append({"content": [text(block) if isinstance(block, str) else block for block in blocks]})
        self._send("PUT", "_script", [{"match": {"text_contains": contains}, "replies": told}])

    def fails(self, contains: str, mode: str, **more: float) -> None:
        self._send("PUT", "_control", {"mode": mode, "contains": contains} | more)

    def takes(self, first_ms: float, tokens_per_second: float | None) -> None:
        profile = {"first_token_ms": first_ms, "ms_per_uncached_token": 0, "tokens_per_second": tokens_per_second}
        self._send("PUT", "_control", {"profile": profile})

    def asked(self, contains: str) -> int:
        """How many requests with these words have come."""
        query = urllib.parse.urlencode({"contains": contains})
        with urllib.request.urlopen(f"{self._url}/_journal?{query}", timeout=30) as answer:
            return json.load(answer)["requests"]

    def forget(self) -> None:
        """No scripts and no faults, and every answer at once."""
        self._send("DELETE", "_journal", None)
        self.takes(0, None)

    def _send(self, method: str, path: str, body: object) -> None:
        data = None if body is None else json.dumps(body).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self._url}/{path}", data, method=method), timeout=30).close()


def text(words: str) -> dict:
    return {"type": "text", "text": words}


def use(tool: str, **arguments: object) -> dict:
    """A block by which Claude uses a tool."""
    return {"type": "tool_use", "name": tool, "input": arguments}


@pytest.fixture
def claude(stack: LocalStack) -> Claude:
    """Claude, who says what the test tells, and at once."""
    claude = Claude(stack.claude.url)
    claude.forget()
    return claude


class Pam:
    """The page as a traveller uses it, and a record of what it did."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.base_url = base_url
        self.requests: list[Request] = []
        self.sockets: list[WebSocket] = []
        self.frames: list[dict] = []
        """What the page has sent over its sockets."""
        self.errors: list[str] = []
        self.forgiven: tuple[str, ...] = ()
        self.question: Locator = page.get_by_role("textbox", name="Your question")
        self.cards: Locator = page.locator("article.card")
        self.connection: Locator = page.locator("#connection .state")
        self.panel: Locator = page.get_by_role("complementary", name="This month by category")
        page.on("request", lambda request: self.requests.append(request))
        page.on("websocket", self._watch)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))

    def _watch(self, socket: WebSocket) -> None:
        self.sockets.append(socket)
        socket.on("framesent", lambda frame: self.frames.append(json.loads(frame)))

    def sent_frames(self, action: str) -> list[dict]:
        return [frame for frame in self.frames if frame["action"] == action]

    def open(self) -> "Pam":
        self.page.goto(self.base_url + "/")
        return self

    def sign_in(self) -> "Pam":
        self.open()
        self.page.get_by_role("button", name="Sign in as the demo traveller").click()
        expect(self.panel.locator("#panel-total")).not_to_be_empty()
        return self

    def connected(self) -> "Pam":
        """Waits for the line, so that a test begins with it."""
        expect(self.connection).to_have_text("Connected")
        return self

    def ask_claude(self, text: str) -> Locator:
        """Asks and gives the card when its answer is whole."""
        card = self.ask(text)
        expect(card.get_by_text("Cost and tokens")).to_be_visible(timeout=30_000)
        return card

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

    def wait_until(self, condition: Callable[[], object]) -> None:
        """For what happens on the wire, and shows on no page."""
        for _ in range(300):
            if condition():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("it doesn't happen within 15 seconds")

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
        """Forgives the lines that the browser itself writes about a request the test made fail, also later ones."""
        self.forgiven = ("Failed to load resource", "WebSocket connection to")

    @property
    def unforgiven(self) -> list[str]:
        return [error for error in self.errors if not error.startswith(self.forgiven)]


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
        assert pam.unforgiven == []
        assert {urllib.parse.urlsplit(sent.url).hostname for sent in pam.requests} <= {"127.0.0.1"}


@pytest.fixture
def pam(new_pam: Callable[..., Pam]) -> Pam:
    return new_pam()
