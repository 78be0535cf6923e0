"""Takes the screenshot of the README: `.venv/bin/python tests/web/screenshot.py` writes docs/page.png."""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from local import demo
from local.stack import LocalStack

SCREENSHOT = Path(__file__).parents[2] / "docs" / "page.png"

FAST_QUESTION = "How much did I spend on gas this month?"
CLAUDE_QUESTION = "Find a place to camp near Torrey, and what will the weather be like there this weekend?"


def main() -> int:
    """Start the local stack, ask both questions and save the screenshot; return the exit status."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("There is no chromium on this machine: apt-get install chromium", file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory() as state,
        LocalStack(Path(state)) as stack,
        sync_playwright() as playwright,
    ):
        demo.load(stack.postgres.owner)
        stack.warm()
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(
            viewport={"width": 1280, "height": 1520},
            color_scheme="light",
            reduced_motion="reduce",
            locale="en-US",
            timezone_id="America/Denver",
        )
        page.goto(stack.url)
        page.get_by_role("button", name="Sign in as the demo traveller").click()
        ask(page, FAST_QUESTION)
        page.reload()
        ask(page, FAST_QUESTION)  # answered from the cache
        ask(page, CLAUDE_QUESTION)
        page.get_by_text("Cost and tokens").click()
        page.evaluate("document.activeElement.blur(); document.querySelector('.turn').scrollIntoView()")
        page.screenshot(path=SCREENSHOT)
        browser.close()
    print(f"{SCREENSHOT}: {SCREENSHOT.stat().st_size // 1024} KB")
    return 0


def ask(page: Page, question: str) -> None:
    """Ask a question and wait until its answer is complete."""
    page.get_by_role("table", name="This month by category").wait_for()
    page.get_by_label("Your question").fill(question)
    page.get_by_label("Your question").press("Enter")
    page.get_by_role("article").last.get_by_text("As of").wait_for()


if __name__ == "__main__":
    sys.exit(main())
