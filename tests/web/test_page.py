"""What a traveller does on the page when everything works."""

import re
from decimal import Decimal

from playwright.sync_api import expect

from tests.web.conftest import figure

GAS = "How much did I spend on gas this month?"


def dollars(text: str) -> Decimal:
    return Decimal(re.sub(r"[^\d.-]", "", text))


def panel_total(pam) -> Decimal:
    return dollars(pam.panel.locator("#panel-total").inner_text())


def expect_total(pam, total: Decimal) -> None:
    expect(pam.panel.locator("#panel-total")).to_have_text(f"${total:,.2f}")


def test_the_gas_question_is_answered_with_tier_source_age_and_time(pam, api):
    """The gas question shows the stored total, which tier answered, source, as of when, and milliseconds."""
    card = pam.sign_in().ask(GAS)
    stored = api.this_month("fuel")
    expect(card).to_contain_text(f"${Decimal(stored['total']):,.2f}")
    expect(card).to_contain_text("Fast answer · no AI")
    expect(card).to_have_attribute("data-tier", "1")
    expect(figure(card, "Source")).to_have_text(stored["source"])
    expect(figure(card, "As of").locator("time")).to_have_text(
        re.compile(r"\d:\d\d\s[AP]M, (just now|\d+ (seconds?|minutes?) ago)")
    )
    assert figure(card, "As of").locator("time").get_attribute("datetime")
    expect(figure(card, "Took")).to_have_text(re.compile(r"^[\d,]+ ms"))


def test_a_summary_shows_its_figures_and_a_chart_that_is_a_table(pam, api):
    """A month's summary shows total, count, daily average and a table of categories that matches the API."""
    card = pam.sign_in().ask("How much did I spend this month?")
    stored = api.this_month()
    stats = card.locator("dl.stats")
    expect(stats).to_contain_text(f"${Decimal(stored['total']):,.2f}")
    expect(stats).to_contain_text(f"{stored['count']} expense")
    expect(stats).to_contain_text(f"${Decimal(stored['daily_average']):,.2f}")
    if stored["change"]:
        expect(stats).to_contain_text(re.compile("less|more|No change"))
    if stored["top_expense"]:
        expect(stats).to_contain_text(f"${Decimal(stored['top_expense']['amount']):,.2f}")
    rows = pam.panel.get_by_role("table", name="This month by category").get_by_role("row")
    expect(rows).to_have_count(len(stored["by_category"]) + 1)
    for row, category in zip(rows.all()[1:], stored["by_category"], strict=True):
        expect(row).to_contain_text(f"${Decimal(category['total']):,.2f}")


def test_an_expense_added_by_the_form_changes_the_total_and_can_be_undone(pam):
    """The form adds an expense, the month's total follows at once, and Undo takes it back."""
    pam.sign_in()
    before = panel_total(pam)
    form = pam.fill_expense("$1,045.50", "tolls", "Bridge near Page")
    form.get_by_role("button", name="Add expense").click()
    card = pam.cards.nth(0)
    expect(card).to_contain_text("$1,045.50 for tolls")
    expect(card).to_contain_text("Bridge near Page")
    expect(card).to_contain_text("10 min left")
    expect(form).to_be_hidden()
    expect_total(pam, before + Decimal("1045.50"))
    pam.undo(card)
    expect(card.get_by_role("button", name="Undo")).to_have_count(0)
    expect_total(pam, before)


def test_an_expense_added_by_a_sentence_shows_its_budget_and_can_be_undone(pam):
    """One sentence adds an expense; its card shows the budget of the category, and Undo works once."""
    pam.sign_in()
    before = panel_total(pam)
    card = pam.ask("add $45 for gas")
    expect(card).to_contain_text("Done at once · no AI")
    expect(card).to_contain_text("$45")
    meter = card.get_by_role("meter", name="Fuel budget")
    expect(meter).to_have_attribute("aria-valuetext", re.compile(r"\$[\d,.]+ of \$[\d,.]+ spent"))
    expect_total(pam, before + 45)
    card.get_by_role("button", name="Undo").dblclick()
    expect(card).to_contain_text("Undone")
    expect_total(pam, before)
    assert len([sent for sent in pam.requests if sent.method == "DELETE"]) == 1


def test_an_example_question_is_asked_and_an_example_expense_is_only_written_down(pam):
    """A chip with a question asks it; the chip with an expense fills the composer and adds nothing."""
    pam.sign_in()
    pam.page.get_by_role("button", name=GAS).click()
    expect(pam.cards).to_have_count(1)
    pam.page.get_by_role("button", name="Add $45 for gas").click()
    expect(pam.question).to_have_value("Add $45 for gas")
    expect(pam.question).to_be_focused()
    assert len(pam.sent("POST", "/v1/ask")) == 1


def test_markup_in_a_description_is_shown_as_text(pam):
    """A description full of markup is shown letter by letter and runs nothing."""
    attack = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>&lt;b&gt;"
    pam.sign_in()
    form = pam.fill_expense("9999.99", "shopping", attack)
    form.get_by_role("button", name="Add expense").click()
    card = pam.cards.nth(0)
    expect(card).to_contain_text(attack)
    summary = pam.ask("How much did I spend this month?")
    expect(summary).to_contain_text(attack)
    assert pam.page.locator("article img, article script").count() == 0
    assert pam.page.title() != "owned"
    pam.undo(card)


def test_the_whole_page_works_from_the_keyboard(pam):
    """Signing in, asking, clearing, adding and undoing need no mouse, and the focus can be seen."""
    page = pam.open().page

    def tab_to(name: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "[document.activeElement.innerText, document.activeElement.labels?.[0]?.innerText].join('|')"
            )
            if name in focused:
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
                return
        raise AssertionError(f"Tab never reaches {name}")

    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.evaluate("document.activeElement === document.body"), "nothing steals the focus"
    tab_to("Sign in as the demo traveller")
    page.keyboard.press("Enter")
    expect(pam.panel.locator("#panel-total")).not_to_be_empty()
    tab_to("Your question")
    page.keyboard.type("some words")
    page.keyboard.press("Escape")
    expect(pam.question).to_have_value("")
    page.keyboard.type("add $3 for laundry")
    page.keyboard.press("Enter")
    expect(pam.cards).to_have_count(1)
    expect(pam.question).to_be_focused()
    tab_to("Add expense")
    page.keyboard.press("Enter")
    page.keyboard.type("4.25")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Add expense")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Amount")).to_have_value("4.25")
    tab_to("Category")
    page.keyboard.type("Laundry")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    if not page.get_by_role("dialog").is_visible():
        tab_to("Add expense")
        page.keyboard.press("Enter")
    tab_to("Add expense")
    page.keyboard.press("Enter")
    expect(pam.cards).to_have_count(2)
    for card in pam.cards.all():
        card.get_by_role("button", name="Undo").focus()
        page.keyboard.press("Enter")
        expect(card).to_contain_text("Undone")
        expect(card).to_be_focused()


def test_sending_twice_sends_once(pam):
    """Enter twice, a double click on Send, on an example, or on the form's button makes one request each."""
    pam.sign_in()
    pam.question.fill("add $2 for tolls")
    pam.question.press("Enter")
    pam.question.press("Enter")
    expect(pam.cards).to_have_count(1)
    pam.question.fill("add $2.50 for tolls")
    pam.page.get_by_role("button", name="Send").dblclick()
    expect(pam.cards).to_have_count(2)
    # The page scrolls after the first press, so that a second one by the mouse would miss.
    pam.page.get_by_role("button", name=GAS).evaluate("(example) => { example.click(); example.click(); }")
    expect(pam.cards).to_have_count(3)
    pam.page.wait_for_load_state("networkidle")
    assert len(pam.sent("POST", "/v1/ask")) == 3
    form = pam.fill_expense("1.75", "tolls")
    form.get_by_role("button", name="Add expense").dblclick()
    expect(pam.cards).to_have_count(4)
    assert len(pam.sent("POST", "/v1/expenses")) == 1
    for number in (0, 1, 3):
        pam.undo(pam.cards.nth(number))


def test_answers_are_announced(pam):
    """A screen reader hears the text of an answer, without losing its place."""
    pam.sign_in()
    pam.question.fill(GAS)
    pam.question.press("Enter")
    expect(pam.page.locator("[aria-live=polite]")).to_contain_text("fuel")
    expect(pam.question).to_be_focused()


def test_the_hint_says_who_will_answer_and_what(pam):
    """While typing, a line says what PAM answers or adds at once, or that a question goes to Claude."""
    pam.sign_in()
    for sentence, words in {
        GAS: "PAM answers this at once: your spending",
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
        pam.question.fill(sentence)
        expect(pam.page.locator("#intent-preview")).to_have_text(words)


def test_an_answer_that_takes_long_shows_its_form_meanwhile(pam):
    """While a question is on its way, its words and a shape say what is coming; the answer takes their place."""
    pam.sign_in()
    held = []
    pam.page.route("**/v1/ask", lambda route: held.append(route))
    forms = pam.page.locator(".skeleton")
    for number, (sentence, words, form) in enumerate(
        [
            (GAS, "Adding up your spending", "bars"),
            ("how's my budget", "Looking at your budgets", "gauges"),
            ("weather in Moab tomorrow", "Looking up the weather", "strip"),
            ("rv parks near Moab", "Looking for places to camp", "rows"),
            ("fuel cost for 400 miles", "Working out the fuel", "figures"),
            ("add $45 for gas", "Adding the expense", "line"),
            ("hm", "Looking it up", None),
        ]
    ):
        pam.question.fill(sentence)
        if form:
            expect(pam.page.locator("#intent-preview")).not_to_be_empty()
        pam.question.press("Enter")
        expect(pam.page.get_by_text(words, exact=True)).to_be_visible()
        expect(forms).to_have_count(1 if form else 0)
        if form:
            expect(forms).to_have_attribute("data-shape", form)
            expect(forms).to_have_attribute("aria-hidden", "true")
        held.pop().fulfill(json={"tier": 1, "intent": "other", "slots": {}, "text": "Here.", "answer": {}})
        expect(pam.cards).to_have_count(number + 1)
        expect(forms).to_have_count(0)


def test_signing_out_leaves_nothing_behind(pam):
    """After signing out the conversation, the panel and the token are gone."""
    pam.sign_in().ask(GAS)
    pam.page.get_by_role("button", name="Sign out").click()
    expect(pam.page.get_by_role("button", name="Sign in as the demo traveller")).to_be_visible()
    expect(pam.cards).to_have_count(0)
    expect(pam.panel).to_be_hidden()
    assert pam.page.evaluate("sessionStorage.getItem('pam.session')") is None


def test_money_is_shown_without_the_errors_of_floats(pam):
    """Decimal strings are formatted digit by digit; what people write as an amount is read or refused."""
    page = pam.open().page
    assert page.evaluate(
        """async () => {
            const { formatMoney, parseAmount } = await import("/money.js");
            return [formatMoney("9007199254740993.01", "USD"), formatMoney("-0.10", "USD"), formatMoney("20.00", "CAD"),
                    ...["$1,200.5", "45,50", " 45 ", ".5", "4,5,6", "ten", "1e9", "-3"].map(parseAmount)];
        }"""
    ) == [
        *("$9,007,199,254,740,993.01", "-$0.10", "CA$20.00"),
        *("1200.5", "45.50", "45", "0.5", None, None, None, "-3"),
    ]
