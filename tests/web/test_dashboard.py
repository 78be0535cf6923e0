"""The dashboard of the local stack in a browser."""

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.web.app_page import GAS_QUESTION, AppPage


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_dashboard_shows_rows_alarms_and_costs(new_app, base_url, scheme, width):
    """Every widget has a plot and its newest values as text, in both themes and at the width of a phone."""
    app = new_app(width=width, color_scheme=scheme)
    app.sign_in().ask(GAS_QUESTION)
    expected = httpx.get(f"{base_url}/dashboard.json", timeout=30).json()
    page = app.page
    page.goto(f"{base_url}/dashboard")
    expect(page.locator("#rows")).not_to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("heading", level=3)).to_have_count(sum(len(row["widgets"]) for row in expected["rows"]))
    expect(page.locator(".widget canvas")).to_have_count(sum(len(row["widgets"]) for row in expected["rows"]))
    expect(page.locator("#alarms li")).to_have_count(len(expected["alarms"]))
    by_tier = page.locator(".widget", has=page.get_by_role("heading", name="Requests by tier", exact=True))
    expect(by_tier.get_by_text("1: ")).to_be_visible()
    expect(page.get_by_role("rowheader", name="on the baseline")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


class Dashboard:
    """The dashboard, whose values a test changes."""

    def __init__(self, app: AppPage) -> None:
        self.app, self.page = app, app.page
        self.snapshot = httpx.get(f"{app.base_url}/dashboard.json", timeout=30).json()
        for alarm in self.snapshot["alarms"]:
            alarm["state"] = "OK"
        self.held: list[Route] = []
        self.is_holding = False
        app.route("**/dashboard.json", self._respond)

    def _respond(self, route: Route) -> None:
        if self.is_holding:
            self.held.append(route)
        else:
            route.fulfill(json=self.snapshot)

    def open(self) -> Page:
        """Open the page and wait for its first values."""
        self.page.goto(f"{self.app.base_url}/dashboard")
        if not self.is_holding:
            expect(self.page.locator("#rows")).not_to_have_attribute("aria-busy", "true")
        return self.page

    def refresh(self) -> None:
        """Have the page read its values again, as after a change of its width."""
        self.page.evaluate("dispatchEvent(new Event('resize'))")

    def set_alarm(self, title: str, **fields: object) -> None:
        """Change an alarm of the next values."""
        (alarm,) = (each for each in self.snapshot["alarms"] if each["title"] == title)
        alarm.update(fields)


@pytest.fixture
def dashboard(app: AppPage) -> Dashboard:
    """The dashboard with all alarms OK, not opened yet."""
    return Dashboard(app)


def test_refreshes_do_not_overlap(dashboard):
    """However often one is asked for while another one runs: one more follows it."""
    dashboard.is_holding = True
    page = dashboard.open()
    dashboard.app.wait_until(lambda: dashboard.held)
    for _ in range(3):
        dashboard.refresh()
        page.wait_for_timeout(300)
    assert len(dashboard.held) == 1
    dashboard.held.pop().fulfill(json=dashboard.snapshot)
    dashboard.app.wait_until(lambda: dashboard.held)
    page.wait_for_timeout(600)
    assert len(dashboard.held) == 1
    dashboard.is_holding = False
    dashboard.held.pop().fulfill(json=dashboard.snapshot)
    expect(page.locator("#rows")).not_to_have_attribute("aria-busy", "true")


def test_changes_of_alarms_are_announced_once(dashboard):
    """The one that fires and the one that ends, and not the ones that stay as they are."""
    page = dashboard.open()
    announcer = page.locator("#announcer")
    expect(announcer).to_be_empty()
    dashboard.set_alarm("High latency", state="ALARM")
    dashboard.refresh()
    expect(announcer).to_have_text("ALARM: High latency.")
    expect(announcer).to_be_empty()  # some seconds later: else a screen reader finds it on the page
    dashboard.set_alarm("High latency", value=2500)
    dashboard.refresh()
    expect(page.locator("#alarms")).to_contain_text("High latency (2,500; fires above 2,000)")
    expect(announcer).to_be_empty()
    dashboard.set_alarm("High latency", state="OK")
    dashboard.set_alarm("Circuit breaker open", state="ALARM")
    dashboard.refresh()
    expect(announcer).to_have_text("OK: High latency. ALARM: Circuit breaker open.")


def test_fired_alarms_are_announced_when_the_page_opens(dashboard):
    """Those alone."""
    dashboard.set_alarm("High error rate", state="ALARM")
    page = dashboard.open()
    expect(page.locator("#announcer")).to_have_text("ALARM: High error rate.")


def test_refresh_keeps_focus_selection_and_what_is_open(dashboard):
    """An alarm opens its section of docs/operations.md; new values change texts in place."""
    page = dashboard.open()
    alarm = page.locator("#alarms summary", has_text="High latency")
    alarm.focus()
    page.keyboard.press("Enter")
    section = page.locator("#alarms details[open]")
    for part in ("Meaning: ", "Diagnosis: ", "Action: "):
        expect(section).to_contain_text(part)
    expect(section.locator("br")).to_have_count(0)
    cell = page.get_by_role("rowheader", name="on the baseline")
    cell.evaluate("node => getSelection().selectAllChildren(node)")
    dashboard.set_alarm("High latency", state="ALARM", value=4321)
    dashboard.refresh()
    expect(alarm).to_contain_text("ALARM: High latency (4,321;")
    expect(alarm).to_be_focused()
    expect(section).to_have_count(1)
    assert page.evaluate("getSelection().toString()") == "on the baseline"


def test_moved_row_keeps_the_focus(dashboard):
    """Where alarms come in another order."""
    page = dashboard.open()
    alarm = page.locator("#alarms summary", has_text="High latency")
    alarm.focus()
    dashboard.snapshot["alarms"].reverse()
    dashboard.refresh()
    expect(page.locator("#alarms li").last).to_contain_text("High latency")
    expect(alarm).to_be_focused()


def test_error_of_a_report_is_shown_beside_the_plots(dashboard):
    """Without the database there are no costs; the plots and alarms go on."""
    page = dashboard.open()
    dashboard.app.allow_request_errors()
    sentence = "The database can't be reached: it is down."
    dashboard.app.route("**/costs.json", lambda route: route.fulfill(status=503, json={"message": sentence}))
    dashboard.set_alarm("High latency", value=1234)
    dashboard.refresh()
    expect(page.get_by_role("alert")).to_contain_text(sentence)
    expect(page.locator("#alarms")).to_contain_text("High latency (1,234;")
    dashboard.app.unroute("**/costs.json")
    dashboard.refresh()
    expect(page.get_by_role("alert")).to_be_hidden()
