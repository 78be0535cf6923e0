"""Takes the screenshots of all pages: `make screenshots` writes docs/page.png and docs/screenshots/."""

import base64
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psycopg
from playwright.sync_api import Browser, Page, expect, sync_playwright

from local import demo
from local.demo.year import USER_ID
from local.stack import LocalStack
from pam.platform.postgres import Database
from tests.functional.memory.remembered import Remembered

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "screenshots"
MAX_BYTES = 2_000_000
QUALITY = 72
TIMEOUT_MS = 90_000

DESKTOP, PHONE = (1280, 900), (390, 844)
LOOKS = {
    "light": ("light", DESKTOP),
    "dark": ("dark", DESKTOP),
    "phone": ("light", PHONE),
    "phone-dark": ("dark", PHONE),
}
"""By the end of a file's name: the theme, and the size in CSS pixels."""

FAST_QUESTION = "How much did I spend on gas this month?"
CLAUDE_QUESTION = "Find a place to camp near Torrey, and what will the weather be like there this weekend?"
README_SIZE = (1280, 1520)


expect.set_options(timeout=TIMEOUT_MS)


def main() -> int:
    """Start the local stack, take all screenshots and print their sizes; return the exit status."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("There is no chromium on this machine: apt-get install chromium", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.webp"):
        old.unlink()
    with (
        tempfile.TemporaryDirectory() as state,
        LocalStack(Path(state)) as stack,
        ExitStack() as closing,
        sync_playwright() as playwright,
    ):
        demo.load(stack.postgres.owner)
        owner = closing.enter_context(psycopg.connect(stack.postgres.owner, autocommit=True))
        database = Database(lambda: json.dumps(stack.postgres.app))
        closing.callback(database.close)
        remember(Remembered(database, owner, USER_ID))
        stack.warm()
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        take_readme(browser, stack.url)
        for look, (scheme, size) in LOOKS.items():
            for name, prepare in PAGES.items():
                page = new_page(browser, scheme, size)
                prepare(page, stack.url)
                take(page, FOLDER / f"{name}-{look}.webp")
                page.context.close()
        browser.close()
    sizes = {file.name: file.stat().st_size for file in sorted(FOLDER.glob("*.webp"))}
    for file, size in sizes.items():
        print(f"{file}: {size // 1024} KB")
    print(f"all: {sum(sizes.values()) // 1024} KB")
    return 0 if sum(sizes.values()) < MAX_BYTES else 1


def remember(remembered: Remembered) -> None:
    """Store what the dialog of the memories shows."""
    dogs = remembered.says("We have two border collies, Juno and Pip.")
    remembered.knows("dogs", "two border collies, Juno and Pip", dogs, standing=True)
    height = remembered.says("Our rig is 12 feet 6 high.")
    remembered.knows("rig height", "12 feet 6 inches", height, standing=False)


def new_page(browser: Browser, scheme: str, size: tuple[int, int]) -> Page:
    """Return a page of a new visitor."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-US",
        timezone_id="America/Denver",
    )
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    return page


def take(page: Page, file: Path) -> None:
    """Take a screenshot as WebP, which Playwright doesn't write itself."""
    client = page.context.new_cdp_session(page)
    image = client.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    file.write_bytes(base64.b64decode(image["data"]))


def take_readme(browser: Browser, url: str) -> None:
    """Take the screenshot of the README: the whole conversation."""
    page = new_page(browser, "light", README_SIZE)
    open_conversation(page, url)
    page.evaluate("document.activeElement.blur(); document.querySelector('.turn').scrollIntoView()")
    page.screenshot(path=DOCS / "page.png")
    page.context.close()


def sign_in(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Sign in as the demo traveller").click()
    expect(page.locator("#panel-total")).not_to_be_empty()


def ask(page: Page, question: str) -> None:
    """Ask a question and wait until its answer is complete."""
    count = page.get_by_role("article").count()
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Your question").press("Enter")
    page.get_by_role("article").nth(count).get_by_text("As of").wait_for()


def open_welcome(page: Page, url: str) -> None:
    sign_in(page, url)


def open_conversation(page: Page, url: str) -> None:
    sign_in(page, url)
    ask(page, FAST_QUESTION)
    page.reload()
    ask(page, FAST_QUESTION)  # answered from the cache
    ask(page, CLAUDE_QUESTION)
    page.get_by_text("Cost and tokens").click()


def open_expenses(page: Page, url: str) -> None:
    sign_in(page, url)
    ask(page, "show my last 5 fuel expenses")
    ask(page, "How's my budget?")


def open_form(page: Page, url: str) -> None:
    sign_in(page, url)
    page.get_by_role("button", name="Add expense").click()
    page.get_by_role("dialog").get_by_role("button", name="Add expense").click()


def open_memories(page: Page, url: str) -> None:
    sign_in(page, url)
    page.get_by_role("button", name="Memory").click()
    expect(page.get_by_role("dialog").get_by_text("border collies").first).to_be_visible()
    expect(page.get_by_role("dialog").get_by_text("Loading", exact=True)).to_have_count(0)


def open_travellers(page: Page, url: str) -> None:
    sign_in(page, url)
    page.get_by_role("button", name="Travellers").click()
    expect(page.get_by_role("dialog").get_by_label("Name", exact=True)).not_to_have_value("")
    expect(page.locator("#friend-lists")).not_to_have_attribute("aria-busy", "true")


def open_offline(page: Page, url: str) -> None:
    """Open the page without a connection, after it was opened with one, and enter what waits."""
    page.goto(url)
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    sign_in(page, url)
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#panel-total")).not_to_be_empty()
    page.get_by_label("Your question").fill("add $18.50 for laundry")
    page.get_by_label("Your question").press("Enter")
    expect(page.get_by_role("article").last).to_contain_text("Waiting")
    page.evaluate("scrollTo(0, 0)")


def open_dashboard(page: Page, url: str) -> None:
    page.goto(f"{url}/dashboard")
    expect(page.locator("#rows")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#feedback table").first).to_be_visible()  # read last


def open_api(page: Page, url: str) -> None:
    page.goto(f"{url}/api.html")
    expect(page.locator("#description")).to_have_attribute("aria-busy", "false")


PAGES: dict[str, Callable[[Page, str], None]] = {
    "welcome": open_welcome,
    "conversation": open_conversation,
    "expenses": open_expenses,
    "expense-form": open_form,
    "memories": open_memories,
    "travellers": open_travellers,
    "offline": open_offline,
    "dashboard": open_dashboard,
    "api": open_api,
}
"""What each screenshot shows, by the beginning of its file's name."""


if __name__ == "__main__":
    sys.exit(main())
