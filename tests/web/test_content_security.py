"""Untrusted data and other hosts: markup stays text, links are safe, and nothing else is contacted."""

import re
from pathlib import Path

from playwright.sync_api import expect

WEB = Path(__file__).parents[2] / "web"
ATTACK = "<img src=x onerror=\"document.title='owned'\"><b>Park</b>"


def test_page_files_reference_no_other_host():
    """No file of the page names another host or sets innerHTML."""
    for file in WEB.rglob("*"):
        if file.suffix in {".html", ".css", ".js"}:
            text = file.read_text().replace("http://www.w3.org/2000/svg", "")
            assert not re.search(r"https?://\w", text), file
            assert "innerHTML" not in text, file


def test_content_security_policy_blocks_other_hosts(app):
    """The page's Content-Security-Policy blocks requests to other hosts."""
    app.open()
    blocked = app.page.evaluate(
        """() => new Promise((resolve) => {
            addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
            fetch("https://127.0.0.2/").catch(() => setTimeout(resolve, 500, "failed without the policy"));
        })"""
    )
    assert blocked == "connect-src"
    app.errors.clear()
    app.requests.clear()


def test_only_safe_links_are_rendered_from_data(app, api):
    """Phone numbers and http(s) addresses become links without opener and referrer; anything else is text."""
    answer = api.get("parks", place="Moab")
    park = answer["parks"][0]
    answer["parks"] = [
        park | {"name": ATTACK, "phone": "(435) 555-0100", "website": "https://parks.example/moab?a=<b>"},
        park | {"name": "Two", "phone": "javascript:alert(1)", "website": "javascript:alert(1)"},
        park | {"name": "Three", "phone": "", "website": "data:text/html,<script>alert(1)</script>"},
        park | {"name": "Four", "phone": "+61 2 5550 0100", "website": "no address"},
    ]
    answer |= {"text": f"4 places: {ATTACK}", "source": f"{ATTACK} (simulated)"}
    app.sign_in().stub_answer("nearby_parks", answer)
    card = app.ask("rv parks near Moab")
    expect(card.get_by_role("listitem").first).to_contain_text(ATTACK)
    assert card.locator("img, script, b").count() == 0
    assert app.page.title() != "owned"
    links = card.get_by_role("link")
    hrefs = [link.get_attribute("href") for link in links.all()]
    assert hrefs == ["tel:4355550100", "https://parks.example/moab?a=%3Cb%3E", "tel:+61255500100"]
    assert links.nth(1).get_attribute("rel") == "noopener noreferrer"
    expect(links.nth(1)).to_contain_text("parks.example")
    expect(card.get_by_role("listitem").nth(2)).to_contain_text("data:text/html,<script>")
