"""Correcting and deleting expenses in a list, and undo after a reload."""

import re
from decimal import Decimal

from playwright.sync_api import expect

LIST_QUESTION = "show my last 3 purchases"
AMOUNT = Decimal("17.35")


def rows(card):
    return card.locator("tbody tr")


def test_expense_in_a_list_is_edited_and_restored(app):
    """Its row shows the new values, the month's total follows, and Undo restores both."""
    added = app.sign_in().ask("add $41.25 for laundry")
    row = rows(app.ask(LIST_QUESTION)).first
    row.get_by_role("button", name=re.compile(r"Edit.*Laundry, .*\$41\.25")).click()
    form = row.get_by_role("form", name="Edit this expense")
    expect(form.get_by_label("Amount")).to_be_focused()
    form.get_by_label("Amount").fill("52.50")
    form.get_by_label("Category").select_option("propane")
    form.get_by_label("Details").fill("refilled")
    form.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("$52.50")
    expect(row).to_contain_text("refilledPropane")
    (request,) = app.sent_requests("PATCH", f"/v1/expenses/{row_id(app)}")
    assert set(request.post_data_json) - {"timezone"} == {"amount", "category", "description"}
    row.get_by_role("button", name="Undo").click()
    expect(row).to_contain_text("$41.25")
    expect(row.get_by_role("button", name=re.compile("Edit.*Laundry"))).to_be_focused()
    app.undo(added)


def test_list_is_shown_after_a_reload_as_it_was_changed(app):
    """A row that was edited or deleted, and what its undo brings back."""
    app.sign_in().ask("add $12.15 for laundry")
    row = rows(app.ask(LIST_QUESTION)).first
    row.get_by_role("button", name=re.compile(r"Edit.*Laundry, .*\$12\.15")).click()
    form = row.get_by_role("form", name="Edit this expense")
    form.get_by_label("Amount").fill("13.25")
    form.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("$13.25")
    app.page.reload()
    row = rows(app.cards.filter(has=app.page.locator("tbody")).last).first
    expect(row).to_contain_text("$13.25")
    row.get_by_role("button", name=re.compile(r"Delete.*Laundry, .*\$13\.25")).click()
    expect(row).to_contain_text("Deleted $13.25")
    app.page.reload()
    list_card = app.cards.filter(has=app.page.locator("tbody")).last
    expect(rows(list_card)).to_have_count(2)
    undo = app.page.locator("[data-undo]", has_text="Deleted $13.25 for laundry.")
    undo.get_by_role("button", name="Undo").click()
    expect(undo.get_by_role("button", name="Undo")).to_have_count(0)
    app.page.reload()
    expect(rows(list_card)).to_have_count(3)
    expect(rows(list_card).first).to_contain_text("$13.25")
    added = app.page.locator("article.card", has_text="Added $12.15 for laundry")
    added.get_by_role("button", name="Undo").click()
    expect(added).to_have_count(0)


def row_id(app):
    path = next(request.url for request in app.requests if request.method == "PATCH")
    return path.rpartition("/")[2]


def test_deleted_expense_can_be_undone_after_a_reload(app):
    """Undo is stored with the end of its ten minutes; once undone, it is gone."""
    without = app.sign_in().panel_total()
    app.ask("add $17.35 for tolls")
    app.expect_panel_total(without + AMOUNT)
    row = rows(app.ask(LIST_QUESTION)).first
    row.get_by_role("button", name=re.compile(r"Delete.*Tolls, .*\$17\.35")).click()
    expect(row).to_contain_text("Deleted $17.35 for tolls.")
    app.expect_panel_total(without)
    app.page.reload()
    undo = app.page.locator("[data-undo]", has_text="Deleted $17.35 for tolls.")
    expect(undo).to_contain_text(re.compile(r"([89]|10) min left"))
    undo.get_by_role("button", name="Undo").click()
    app.expect_panel_total(without + AMOUNT)
    app.page.reload()
    added = app.page.locator("article.card", has_text="Added $17.35 for tolls")
    added.get_by_role("button", name="Undo").click()
    app.expect_panel_total(without)
    app.page.reload()
    app.expect_panel_total(without)
    expect(app.page.locator("[data-undo]", has_text="$17.35")).to_have_count(0)


def test_expired_undo_is_not_offered_after_a_reload(app):
    """Its ten minutes are over."""
    added = app.sign_in().ask("add $3.15 for tolls")
    expect(added.get_by_role("button", name="Undo")).to_be_visible()
    app.undo(added)
    card = app.ask("add $4.15 for tolls")
    app.page.evaluate(
        """() => Object.keys(localStorage).filter((key) => key.includes(".undo.")).forEach((key) => {
          localStorage.setItem(key, JSON.stringify({ ...JSON.parse(localStorage[key]), expiresAt: Date.now() - 1 }));
        })"""
    )
    app.undo(card)
    app.page.reload()
    expect(app.panel.locator("#panel-total")).not_to_be_empty()
    expect(app.page.locator("[data-undo]", has_text="$4.15")).to_have_count(0)


def test_invalid_edit_is_explained_and_can_be_cancelled(app):
    """The form keeps what was typed; Cancel leaves the expense as it was."""
    added = app.sign_in().ask("add $6.45 for tolls")
    app.allow_request_errors()
    row = rows(app.ask(LIST_QUESTION)).first
    row.get_by_role("button", name=re.compile("Edit.*Tolls")).click()
    amount = row.get_by_label("Amount")
    amount.fill("0")
    row.get_by_role("button", name="Save").click()
    expect(row.get_by_role("alert")).to_have_text("The amount must be more than zero.")
    expect(amount).to_be_focused()
    expect(amount).to_have_value("0")
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_contain_text("$6.45")
    app.undo(added)


def test_refund_is_shown_as_one_in_card_and_list(app):
    """With a negative amount in the list."""
    card = app.sign_in().ask("got $8.15 back on propane")
    expect(card).to_contain_text("Recorded a refund of $8.15 for propane.")
    row = rows(app.ask(LIST_QUESTION)).first
    expect(row).to_contain_text("Refund")
    expect(row.locator(".num")).to_have_text("-$8.15")
    app.undo(card)


def test_last_expense_is_corrected_in_words(app):
    """Its card shows the new amount, and has an undo."""
    added = app.sign_in().ask("add $12.65 for tolls")
    card = app.ask("make that $13.75")
    expect(card).to_contain_text("Changed $12.65 for tolls to $13.75 for tolls.")
    app.undo(card)
    expect(card).to_contain_text("It is $12.65 for tolls again.")
    app.undo(added)
