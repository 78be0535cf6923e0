"""The field for questions: input methods, drafts, long texts and writing directions."""

import pytest
from playwright.sync_api import expect

from tests.web.app_page import AppPage

MAX_CHARS = 4000


@pytest.fixture
def app(app: AppPage) -> AppPage:
    """A page with a signed-in user."""
    return app.sign_in()


@pytest.mark.parametrize(
    ("composing", "key_code", "sent"),
    [("true", 229, 0), ("false", 229, 0), ("true", 13, 0), ("false", 13, 1)],  # the second is Safari's
)
def test_enter_of_an_input_method_doesn_t_send(app, claude, composing, key_code, sent):
    """Enter that ends a composition belongs to the input method; Enter alone sends."""
    claude.script("東京", "はい。")
    app.wait_until_connected()
    app.question.fill("東京 について")
    app.question.evaluate(
        f"""(field) => field.dispatchEvent(new KeyboardEvent("keydown", {{
            key: "Enter", keyCode: {key_code}, isComposing: {composing}, bubbles: true, cancelable: true,
        }}))"""
    )
    expect(app.cards).to_have_count(sent)
    expect(app.question).to_have_value("" if sent else "東京 について")


def test_escape_of_an_input_method_keeps_the_draft(app):
    """Escape that cancels a composition doesn't clear the field."""
    app.question.fill("東京")
    app.question.evaluate(
        """(field) => field.dispatchEvent(
            new KeyboardEvent("keydown", { key: "Escape", keyCode: 229, bubbles: true })
        )"""
    )
    expect(app.question).to_have_value("東京")


def test_draft_cleared_by_escape_can_be_restored(app):
    """Also after a reload, and with what was typed meanwhile."""
    restore = app.page.get_by_role("button", name="Restore draft")
    expect(restore).to_be_hidden()
    app.question.fill("a long thought")
    app.question.press("Escape")
    expect(app.question).to_have_value("")
    app.page.reload()
    expect(app.question).to_have_value("")
    app.question.fill("another one")
    restore.click()
    expect(app.question).to_have_value("a long thought\nanother one")
    expect(app.question).to_be_focused()
    expect(restore).to_be_hidden()


@pytest.mark.parametrize(
    ("text", "too_many"),
    [
        ("x" * 5004, 1004),
        ("x" * (MAX_CHARS + 1), 1),
        ("🍎" * (MAX_CHARS + 2), 2),
        ("ש" * MAX_CHARS, 0),
        ("🍎" * MAX_CHARS, 0),
    ],
)
def test_long_text_is_kept_whole_and_not_sent_until_it_fits(app, claude, text, too_many):
    """Nothing is cut off: its length is shown, counted as the API counts it."""
    app.question.evaluate("(field) => field.focus()")
    app.page.keyboard.insert_text(text)
    expect(app.question).to_have_value(text)
    note = app.page.locator("#question-length")
    expect(note).to_contain_text(f"{MAX_CHARS + too_many:,} of 4,000 characters")
    app.question.press("Enter")
    if not too_many:
        return expect(app.cards).to_have_count(1)
    expect(note).to_contain_text(f"Please shorten it by {too_many:,}.")
    expect(app.cards).to_have_count(0)
    app.page.reload()
    expect(app.question).to_have_value(text)
    app.question.fill("short")
    expect(note).to_be_hidden()
    return None


def test_long_description_is_not_cut_off(app):
    """The form keeps what is pasted, and the API says what is too long."""
    text = "y" * 501
    form = app.fill_expense_form("4", "tolls", text)
    expect(form.get_by_label("Description")).to_have_value(text)
    form.get_by_role("button", name="Add expense").click()
    expect(form.locator("#description-error")).to_contain_text("500")
    app.allow_request_errors()


@pytest.mark.parametrize(
    ("text", "direction"), [("כמה הוצאתי על דלק החודש?", "rtl"), ("كم أنفقت؟", "rtl"), ("How much?", "ltr")]
)
def test_text_has_its_own_direction(app, claude, text, direction):
    """The field, the question and the answer are laid out in the direction of their text."""
    claude.script(text, f"{text}\n\n- {text}\n\n> {text}\n\n| {text} |\n|---|\n| {text} |")
    app.wait_until_connected()
    app.question.fill(text)
    assert app.question.evaluate("(field) => getComputedStyle(field).direction") == direction
    card = app.ask_claude(text)
    assert app.page.locator(".question").last.evaluate("(node) => getComputedStyle(node).direction") == direction
    for block in ("p", "ul", "blockquote", "table"):
        node = card.locator(f".prose {block}").first
        assert node.evaluate("(node) => getComputedStyle(node).direction") == direction, block
