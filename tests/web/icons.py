"""Draws the icons of the installed page: `.venv/bin/python tests/web/icons.py` writes web/icons/ from web/icon.svg."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

WEB = Path(__file__).parents[2] / "web"
GREEN = "#0b5a43"
ICONS = {"180.png": (180, 1.0), "192.png": (192, 1.0), "512.png": (512, 1.0), "maskable-512.png": (512, 0.72)}
"""The side in pixels, and the part of it that the drawing fills: of a maskable icon, systems cut off the edges."""


def main() -> int:
    """Draw all icons; return the exit status."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("There is no chromium on this machine: apt-get install chromium", file=sys.stderr)
        return 1
    drawing = (WEB / "icon.svg").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, (side, part) in ICONS.items():
            page = browser.new_page(viewport={"width": side, "height": side})
            background = "transparent" if part == 1 else GREEN
            page.set_content(
                f"<style>body {{ margin: 0; height: 100vh; display: grid; place-items: center;"
                f" background: {background}; }} svg {{ width: {100 * part}vw; }}</style>{drawing}"
            )
            page.screenshot(path=WEB / "icons" / name, omit_background=True)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
