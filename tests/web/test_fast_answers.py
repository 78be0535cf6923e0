"""Fast answers: what their cards show, the preview and skeleton before them, and stale or failed ones."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Route, expect

from pam.sources.source import Source
from tests.web.app_page import GAS_QUESTION, figure


def test_gas_question_shows_total_tier_source_age_and_time(app, api):
    """The gas question shows the stored total, its tier, source and age, and the response time."""
    card = app.sign_in().ask(GAS_QUESTION)
    stored = api.spending_this_month("fuel")
    expect(card).to_contain_text(f"${Decimal(stored['total']):,.2f}")
    expect(card).to_contain_text("Fast answer · no AI")
    expect(card).to_have_attribute("data-tier", "1")
    expect(card.get_by_text("Simulated data")).to_be_visible()
    expect(figure(card, "Source")).to_have_text(stored["source"])
    expect(figure(card, "As of").locator("time")).to_have_text(
        re.compile(r"\d:\d\d\s[AP]M, (just now|\d+ (seconds?|minutes?) ago)")
    )
    assert figure(card, "As of").locator("time").get_attribute("datetime")
    expect(figure(card, "Took")).to_have_text(re.compile(r"^[\d,]+ ms"))


def test_summary_shows_figures_and_categories(app, api):
    """A month's summary shows total, count and daily average, and the panel a table of all categories."""
    card = app.sign_in().ask("How much did I spend this month?")
    stored = api.spending_this_month()
    stats = card.locator("dl.stats")
    expect(stats).to_contain_text(f"${Decimal(stored['total']):,.2f}")
    expect(stats).to_contain_text(f"{stored['count']} expense")
    expect(stats).to_contain_text(f"${Decimal(stored['daily_average']):,.2f}")
    if stored["change"]:
        expect(stats).to_contain_text(re.compile("less|more|No change"))
    if stored["top_expense"]:
        expect(stats).to_contain_text(f"${Decimal(stored['top_expense']['amount']):,.2f}")
    rows = app.panel.get_by_role("table", name="This month by category").get_by_role("row")
    expect(rows).to_have_count(len(stored["by_category"]) + 1)
    for row, category in zip(rows.all()[1:], stored["by_category"], strict=True):
        expect(row).to_contain_text(f"${Decimal(category['total']):,.2f}")


def test_example_question_is_sent_and_example_expense_is_not(app):
    """An example question is sent at once; the example expense only fills the composer."""
    app.sign_in()
    app.page.get_by_role("button", name=GAS_QUESTION).click()
    expect(app.cards).to_have_count(1)
    app.page.get_by_role("button", name="Add $45 for gas").click()
    expect(app.question).to_have_value("Add $45 for gas")
    expect(app.question).to_be_focused()
    assert len(app.sent_requests("POST", "/v1/ask")) == 1


def test_answer_is_announced(app):
    """A screen reader gets the text of an answer, and the focus stays in the composer."""
    app.sign_in()
    app.question.fill(GAS_QUESTION)
    app.question.press("Enter")
    expect(app.page.locator("[aria-live=polite]")).to_contain_text("fuel")
    expect(app.question).to_be_focused()


def test_intent_preview_shows_predicted_intent(app):
    """While typing, a line tells which fast answer PAM predicts, or that the question goes to Claude."""
    app.sign_in()
    for question, preview in {
        GAS_QUESTION: "PAM answers this at once: your spending",
        "how's my budget": "PAM answers this at once: your budgets",
        "how much have I saved this year": "PAM answers this at once: your savings",
        "show my last 5 fuel expenses": "PAM answers this at once: your expenses, one by one",
        "add $45 for gas": "PAM adds this expense at once",
        "weather in Moab tomorrow": "PAM answers this at once: the weather",
        "how far is Moab from Denver": "PAM answers this at once: the way there",
        "fuel cost for 400 miles": "PAM answers this at once: fuel for the way",
        "gas prices in Colorado": "PAM answers this at once: average fuel prices",
        "rv parks near Moab": "PAM answers this at once: places to camp",
        "Plan me a scenic week in Utah": "This goes to Claude",
        "": "",
    }.items():
        app.question.fill(question)
        expect(app.page.locator("#intent-preview")).to_have_text(preview)


def test_skeleton_is_shown_while_answer_is_pending(app):
    """A pending answer shows a text and a skeleton of its kind, which the answer replaces."""
    app.sign_in()
    pending_routes = []
    app.route("**/v1/ask", lambda route: pending_routes.append(route))
    skeletons = app.page.locator(".skeleton")
    for number, (question, text, shape) in enumerate(
        [
            (GAS_QUESTION, "Adding up your spending", "bars"),
            ("how's my budget", "Looking at your budgets", "gauges"),
            ("weather in Moab tomorrow", "Looking up the weather", "strip"),
            ("rv parks near Moab", "Looking for places to camp", "rows"),
            ("fuel cost for 400 miles", "Working out the fuel", "figures"),
            ("add $45 for gas", "Adding the expense", "line"),
            ("hm", "Looking it up", None),
        ]
    ):
        app.question.fill(question)
        if shape:
            expect(app.page.locator("#intent-preview")).not_to_be_empty()
        app.question.press("Enter")
        expect(app.page.get_by_text(text, exact=True)).to_be_visible()
        expect(skeletons).to_have_count(1 if shape else 0)
        if shape:
            expect(skeletons).to_have_attribute("data-shape", shape)
            expect(skeletons).to_have_attribute("aria-hidden", "true")
        app.wait_until(lambda: pending_routes)  # the page shows it before the request has come here
        pending_routes.pop().fulfill(json={"tier": 1, "intent": "other", "slots": {}, "text": "Here.", "answer": {}})
        expect(app.cards).to_have_count(number + 1)
        expect(skeletons).to_have_count(0)


@pytest.mark.parametrize("missing", ["**/router.js", "**/router.json"])
def test_page_works_without_router(app, claude, missing):
    """If the router can't be loaded, only the preview is missing: the API routes the question."""
    app.route(missing, lambda route: route.abort())
    card = app.sign_in().ask(GAS_QUESTION)
    expect(card).to_contain_text("Fast answer")
    claude.script("without a preview", "I hear you.")
    expect(app.ask_claude("without a preview").locator(".prose")).to_have_text("I hear you.")
    app.allow_request_errors()


def test_stale_answer_shows_reason_and_age(app):
    """A stale answer shows the reason and its age, on its card and in the panel."""

    def make_stale(route: Route) -> None:
        response = route.fetch()
        body = response.json()
        summary = body.get("answer", body)
        summary |= {"stale": True, "age_s": 1234, "reason": "database_unavailable"}
        summary["as_of"] = "2020-03-05T17:32:00+00:00"
        route.fulfill(response=response, json=body)

    app.route("**/v1/ask", make_stale)
    app.route("**/v1/spend-summary*", make_stale)
    card = app.sign_in().ask(GAS_QUESTION)
    note = re.compile(r"The database can't be reached; this is from Mar 5, 10:32.AM \([\d,]+ days ago\)")
    expect(card).to_contain_text(note)
    expect(app.panel).to_contain_text(note)
    expect(app.panel.locator("#panel-window")).to_contain_text("10:32")


def test_simulated_answer_has_badge(app, api):
    """An answer with `simulated` set has a badge; one without it has none, whatever its source is called."""
    card = app.sign_in().ask("how far is Moab from Denver")
    expect(figure(card, "Source")).to_have_text("Mapbox (simulated)")
    expect(card.get_by_text("Simulated data")).to_be_visible()
    expect(figure(card, "As of").locator("time")).to_be_visible()
    expect(figure(card, "Took")).to_have_text(re.compile(r"^[\d,]+ ms, (not )?from the cache$"))
    stored = api.get("distance", origin="denver", destination="moab")
    for number, simulated in enumerate((True, False)):
        app.stub_answer("distance", stored | {"simulated": simulated})
        card = app.ask(f"how far is it from Moab to Denver, asked {number}")
        expect(card.get_by_text("Simulated data")).to_have_count(int(simulated))


def test_stale_answer_names_unavailable_source(app, api):
    """A stale answer names the source that doesn't respond and the age of its data."""
    answer = api.get("weather", place="Moab")
    answer |= {"stale": True, "cached": True, "age_s": 7200, "reason": "source_unavailable"}
    answer |= {"source": "Open-Meteo", "as_of": "2026-01-01T10:00:00-07:00"}
    app.sign_in().stub_answer("weather", answer)
    card = app.ask("weather in Moab")
    expect(card.locator(".alert").first).to_have_text(
        re.compile(r"Open-Meteo doesn't answer; this is from .*\d:\d\d\s[AP]M \(2 hours ago\)\.")
    )


def test_unavailable_source_is_explained_and_can_be_retried(app):
    """If a source is unavailable, the API's message is shown with a retry."""
    body = {"code": "source_unavailable", "message": "PAM can't reach Mapbox right now.", "retry_after": 5}
    app.sign_in().route("**/v1/ask", lambda route: route.fulfill(status=503, json=body))
    card = app.ask("rv parks near Moab")
    expect(card).to_contain_text("PAM can't reach Mapbox right now.")
    expect(card).to_contain_text("Best after 5 s")
    app.unroute("**/v1/ask")
    card.get_by_role("button", name="Try again").click()
    expect(app.cards.last).to_contain_text("places to camp within")
    app.allow_request_errors()


def test_stale_note_names_every_source(app):
    """The note of a stale answer can name every external source of the API."""
    app.open()
    for source in set(Source) - {Source.CLAUDE, Source.GEMINI}:  # neither is the source of a cached answer
        stale = {"stale": True, "age_s": 60, "reason": "source_unavailable", "source": f"{source} (simulated)"}
        note = app.page.evaluate(
            "(answer) => import('/cards/provenance.js').then(({ staleNote }) => staleNote(answer).textContent)", stale
        )
        assert note.startswith(f"{source} doesn't answer; this is from ")


def test_every_routed_intent_has_preview_and_skeleton(app):
    """Every intent of the router has a preview, a pending text and a skeleton of its own."""
    app.open()
    texts = app.page.evaluate(
        """async () => {
            const { previewText, pendingText, skeletonShape } = await import("/intents.js");
            const { tiers } = await (await fetch("/router.json")).json();
            const getters = [previewText, pendingText, skeletonShape];
            return Object.keys(tiers).map((intent) => getters.map((get) => get({ intent })));
        }"""
    )
    assert len(texts) == len({preview for preview, _, _ in texts}) >= 10
    assert len({pending for _, pending, _ in texts}) == len(texts)
    assert all(skeleton for _, _, skeleton in texts)


def test_money_is_formatted_exactly(app):
    """Decimal strings are formatted without float errors."""
    page = app.open().page
    assert page.evaluate(
        """async () => {
            const { formatMoney } = await import("/money.js");
            const amounts = [["9007199254740993.01", "USD"], ["-0.10", "USD"], ["20.00", "CAD"]];
            return amounts.map(([amount, currency]) => formatMoney(amount, currency));
        }"""
    ) == ["$9,007,199,254,740,993.01", "-$0.10", "CA$20.00"]
