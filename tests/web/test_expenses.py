"""Adding and undoing expenses, by a sentence and with the form."""

import re
from decimal import Decimal

from playwright.sync_api import expect

from pam.money.categories import Category
from tests.web.app_page import GAS_QUESTION, UNDO_URL


def test_expense_from_form_changes_total_and_can_be_undone(app):
    """The form adds an expense, the month's total follows at once, and Undo removes it."""
    app.sign_in()
    before = app.panel_total()
    form = app.fill_expense_form("$1,045.50", "tolls", "Bridge near Page")
    form.get_by_role("button", name="Add expense").click()
    card = app.cards.nth(0)
    expect(card).to_contain_text("$1,045.50 for tolls")
    expect(card).to_contain_text("Bridge near Page")
    expect(card).to_contain_text("10 min left")
    expect(form).to_be_hidden()
    app.expect_panel_total(before + Decimal("1045.50"))
    app.undo(card)
    expect(card.get_by_role("button", name="Undo")).to_have_count(0)
    app.expect_panel_total(before)


def test_expense_from_sentence_shows_budget_and_can_be_undone(app):
    """A sentence adds an expense; its card shows the budget of the category, and Undo works once."""
    app.sign_in()
    before = app.panel_total()
    card = app.ask("add $45 for gas")
    expect(card).to_contain_text("Done at once · no AI")
    expect(card).to_contain_text("$45")
    meter = card.get_by_role("meter", name="Fuel budget")
    expect(meter).to_have_attribute("aria-valuetext", re.compile(r"\$[\d,.]+ of \$[\d,.]+ spent"))
    app.expect_panel_total(before + 45)
    card.get_by_role("button", name="Undo").dblclick()
    expect(card).to_contain_text("Undone")
    app.expect_panel_total(before)
    assert len([request for request in app.requests if request.method == "DELETE"]) == 1


def test_markup_in_description_is_shown_as_text(app):
    """A description with markup is shown as text and runs nothing."""
    attack = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>&lt;b&gt;"
    app.sign_in()
    form = app.fill_expense_form("9999.99", "shopping", attack)
    form.get_by_role("button", name="Add expense").click()
    card = app.cards.nth(0)
    expect(card).to_contain_text(attack)
    summary = app.ask("How much did I spend this month?")
    expect(summary).to_contain_text(attack)
    assert app.page.locator("article img, article script").count() == 0
    assert app.page.title() != "owned"
    app.undo(card)


def test_double_submit_sends_one_request(app):
    """Pressing Enter, Send, an example or the form's button twice sends one request each."""
    app.sign_in()
    app.question.fill("add $2 for tolls")
    app.question.press("Enter")
    app.question.press("Enter")
    expect(app.cards).to_have_count(1)
    app.question.fill("add $2.50 for tolls")
    app.page.get_by_role("button", name="Send").dblclick()
    expect(app.cards).to_have_count(2)
    # The page scrolls after the first click, so that a second one with the mouse would miss.
    app.page.get_by_role("button", name=GAS_QUESTION).evaluate("(example) => { example.click(); example.click(); }")
    expect(app.cards).to_have_count(3)
    app.page.wait_for_load_state("networkidle")
    assert len(app.sent_requests("POST", "/v1/ask")) == 3
    form = app.fill_expense_form("1.75", "tolls")
    form.get_by_role("button", name="Add expense").dblclick()
    expect(app.cards).to_have_count(4)
    assert len(app.sent_requests("POST", "/v1/expenses")) == 1
    for number in (0, 1, 3):
        app.undo(app.cards.nth(number))


def test_invalid_amount_is_shown_at_its_field(app):
    """A refused amount is explained at its field, which gets the focus; nothing is added."""
    app.sign_in()
    form = app.fill_expense_form("-3", "tolls")
    form.get_by_role("button", name="Add expense").click()
    expect(form.get_by_label("Amount")).to_have_attribute("aria-invalid", "true")
    expect(form.locator("#amount-error")).not_to_be_empty()
    expect(form.get_by_label("Amount")).to_be_focused()
    form.get_by_label("Amount").fill("ten")
    form.get_by_role("button", name="Add expense").click()
    expect(form.locator("#amount-error")).to_contain_text("must be a number")
    expect(app.cards).to_have_count(0)
    app.allow_request_errors()


def test_amount_is_sent_as_typed_and_an_ambiguous_one_is_asked_about(app):
    """ "€45" is added in euros; for "1.200" the server's question and a button for each reading are shown."""
    app.sign_in()
    form = app.fill_expense_form("1.200", "tolls")
    form.get_by_role("button", name="Add expense").click()
    expect(form.locator("#amount-error")).to_have_text("“1.200” could be $1.20 or $1,200.00. Which one is it?")
    form.get_by_role("button", name="$1.20", exact=True).click()
    expect(form.get_by_label("Amount")).to_have_value("1.20 USD")
    expect(form.locator("#amount-choices")).to_be_empty()
    form.get_by_label("Amount").fill("€45")
    form.get_by_role("button", name="Add expense").click()
    expect(app.cards).to_have_count(1)
    expect(app.cards.first).to_contain_text("Added €45.00 for tolls.")
    app.undo(app.cards.first)
    app.allow_request_errors()


def test_undo_expires_after_ten_minutes(app, api):
    """The time left counts down, and after ten minutes the button is gone."""
    app.page.clock.install()
    card = app.sign_in().ask("add $2 for tolls")
    expect(card).to_contain_text("10 min left")
    app.page.clock.fast_forward("05:30")
    expect(card).to_contain_text("5 min left")
    app.page.clock.fast_forward("04:25")
    expect(card).to_contain_text(re.compile(r"\d s left"))
    app.page.clock.fast_forward("00:30")
    expect(card).to_contain_text("The ten minutes to undo this are over")
    expect(card.get_by_role("button", name="Undo")).to_have_count(0)


def test_late_undo_is_explained_on_its_card(app):
    """If the server refuses a late undo, its message is shown on the card and the button is removed."""
    card = app.sign_in().ask("add $2 for tolls")
    late = {"code": "undo_expired", "message": "It is too late to undo this."}
    app.route(UNDO_URL, lambda route: route.fulfill(status=409, json=late))
    card.get_by_role("button", name="Undo").click()
    expect(card.get_by_role("alert")).to_have_text("It is too late to undo this.")
    expect(card.get_by_role("button", name="Undo")).to_have_count(0)
    app.allow_request_errors()


def test_form_offers_the_categories_of_the_api(app):
    """The form has exactly the categories that the API accepts."""
    app.open()
    offered = app.page.evaluate("import('/categories.js').then((module) => module.CATEGORIES)")
    assert sorted(offered) == sorted(Category)
