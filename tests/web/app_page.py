"""The page object: actions of a user on the page, and a record of its requests and errors."""

import json
import re
import urllib.parse
from collections.abc import Callable
from decimal import Decimal

from playwright.sync_api import Locator, Page, Request, Route, WebSocket, expect

GAS_QUESTION = "How much did I spend on gas this month?"
UNDO_URL = re.compile(r"/v1/(expenses|effects)/[0-9a-f-]+$")
CLAUDE_TIMEOUT_MS = 60_000
WAIT_TIMEOUT_S = 15
WAIT_INTERVAL_MS = 50


class AppPage:
    """The page in a browser context of its own."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.base_url = base_url
        self.requests: list[Request] = []
        self.sockets: list[WebSocket] = []
        self.client_frames: list[dict] = []
        self.errors: list[str] = []
        self.allowed_errors: tuple[str, ...] = ()
        self._handlers: dict[str | re.Pattern[str], Callable[[Route], object]] = {}
        self.question: Locator = page.get_by_role("textbox", name="Your question")
        self.cards: Locator = page.locator("article.card")
        self.connection: Locator = page.locator("#connection .state")
        self.panel: Locator = page.get_by_role("complementary", name="This month by category")
        page.on("request", lambda request: self.requests.append(request))
        page.on("websocket", self._record_socket)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))

    def _record_socket(self, socket: WebSocket) -> None:
        self.sockets.append(socket)
        socket.on("framesent", lambda frame: self.client_frames.append(json.loads(frame)))

    def sent_frames(self, action: str) -> list[dict]:
        """Return the frames that the page sent with an action."""
        return [frame for frame in self.client_frames if frame["action"] == action]

    def sent_requests(self, method: str, path: str) -> list[Request]:
        """Return the requests that the page sent to a path."""
        return [
            request
            for request in self.requests
            if (request.method, urllib.parse.urlsplit(request.url).path) == (method, path)
        ]

    def open(self) -> "AppPage":
        self.page.goto(self.base_url + "/")
        return self

    def sign_in(self) -> "AppPage":
        self.open()
        self.page.get_by_role("button", name="Sign in as the demo traveller").click()
        expect(self.panel.locator("#panel-total")).not_to_be_empty()
        return self

    def wait_until_connected(self) -> "AppPage":
        expect(self.connection).to_have_text("Connected")
        return self

    def ask(self, text: str) -> Locator:
        """Ask a question and return the card of its answer."""
        count = self.cards.count()
        self.question.fill(text)
        self.question.press("Enter")
        expect(self.cards).to_have_count(count + 1)
        return self.cards.nth(count)

    def ask_claude(self, text: str) -> Locator:
        """Ask a question and return the card when Claude's answer is complete."""
        card = self.ask(text)
        expect_complete(card)
        return card

    def stub_answer(self, intent: str, answer: dict, *, tier: int = 2, slots: dict | None = None) -> None:
        """Reply to every question with this fast answer."""
        fields = {name: answer.get(name) for name in ("text", "source", "as_of")}
        body = {"tier": tier, "intent": intent, "slots": slots or {}, "answer": answer} | fields
        self.route("**/v1/ask", lambda route: route.fulfill(json=body))

    def route(self, url: str | re.Pattern[str], handler: Callable[[Route], object]) -> None:
        """Have a function handle the page's requests to a URL, in place of the one before."""
        is_new = url not in self._handlers
        self._handlers[url] = handler
        if is_new:
            self.page.route(url, lambda route: self._handlers[url](route))

    def unroute(self, url: str | re.Pattern[str]) -> None:
        """Let the page's requests to a URL through again.

        The interception stays: to end it while the page loads fails requests that the browser holds at that moment.
        """
        self._handlers[url] = lambda route: route.continue_()

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition that can't be seen on the page."""
        for _ in range(1000 * WAIT_TIMEOUT_S // WAIT_INTERVAL_MS):
            if condition():
                return
            self.page.wait_for_timeout(WAIT_INTERVAL_MS)
        raise AssertionError(f"the condition isn't met within {WAIT_TIMEOUT_S} seconds")

    def fill_expense_form(self, amount: str, category: str, description: str = "") -> Locator:
        """Open the expense form, fill it in and return it."""
        self.page.get_by_role("button", name="Add expense").click()
        form = self.page.get_by_role("dialog", name="Add an expense")
        form.get_by_label("Amount").fill(amount)
        form.get_by_label("Category").select_option(category)
        form.get_by_label("Description").fill(description)
        return form

    def undo(self, card: Locator) -> None:
        card.get_by_role("button", name="Undo").click()
        expect(card).to_contain_text("Undone")

    def panel_total(self) -> Decimal:
        """Return this month's total as the panel shows it."""
        return Decimal(re.sub(r"[^\d.-]", "", self.panel.locator("#panel-total").inner_text()))

    def expect_panel_total(self, total: Decimal) -> None:
        expect(self.panel.locator("#panel-total")).to_have_text(f"${total:,.2f}")

    def allow_request_errors(self) -> None:
        """Ignore the browser's own messages about failed requests, for tests that make requests fail."""
        self.allowed_errors = ("Failed to load resource", "WebSocket connection to")

    @property
    def unexpected_errors(self) -> list[str]:
        return [error for error in self.errors if not error.startswith(self.allowed_errors)]


def expect_complete(card: Locator) -> None:
    """Wait until Claude's answer on a card is complete."""
    expect(card.get_by_text("Cost and tokens")).to_be_visible(timeout=CLAUDE_TIMEOUT_MS)


def figure(card: Locator, name: str) -> Locator:
    """Return the value of a term on a card: of a figure, such as its total, or a fact, such as its source."""
    term = card.page.get_by_role("term").filter(has_text=re.compile(f"^{name}$"))
    return card.locator("dl > div", has=term).get_by_role("definition")


def lose_response(route: Route) -> None:
    """Let a request reach the server, and abort it instead of returning the response."""
    route.fetch()
    route.abort()
