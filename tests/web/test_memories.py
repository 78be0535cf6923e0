"""The dialog "What PAM remembers": listed, searched, corrected and deleted."""

import re
import uuid
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Locator, expect

from local.demo.year import USER_ID
from pam.platform.postgres import Database
from tests.functional.memory.remembered import Remembered
from tests.web.app_page import AppPage


@pytest.fixture
def word() -> str:
    """A word that nothing else of the demo traveller has."""
    return f"q{uuid.uuid4().hex[:8]}"


@pytest.fixture
def remembered(base_url: str, database: Database, owner: psycopg.Connection) -> Iterator[Remembered]:
    """Another conversation of the demo traveller, whose facts are removed afterwards."""
    remembered = Remembered(database, owner, USER_ID)
    yield remembered
    owner.execute("delete from conversations where id = %s", (remembered.conversation_id,))
    owner.execute("delete from facts where user_id = %s", (USER_ID,))


def open_memories(app: AppPage, search: str = "") -> Locator:
    """Open the dialog, and search; wait until nothing loads."""
    app.page.get_by_role("button", name="Memory").click()
    dialog = app.page.get_by_role("dialog", name="What PAM remembers")
    if search:
        dialog.get_by_role("searchbox").fill(search)
        dialog.get_by_role("button", name="Search").click()
    expect(dialog.locator("[aria-busy]")).to_have_count(0)
    return dialog


def section(dialog: Locator, name: str) -> Locator:
    return dialog.get_by_role("region", name=name)


def test_fact_is_shown_with_its_day_earlier_values_and_source(app: AppPage, remembered: Remembered, word: str) -> None:
    """The source is a message, with the day of its conversation."""
    turn = remembered.says(f"Our {word} pump is from Seattle.", "A good one.")
    remembered.knows(f"{word} pump", "from Denver", turn)
    later = remembered.says(f"The {word} pump is from Moab now.")
    remembered.knows(f"{word} pump", "from Moab", later)
    app.sign_in()
    fact = section(open_memories(app, word), "Facts").get_by_role("listitem").first
    expect(fact).to_contain_text("from Moab")
    expect(fact).to_contain_text("Since Apr 1, from a conversation")
    fact.get_by_text("Before").click()
    expect(fact.get_by_role("listitem").filter(has_text="from Denver Apr 1 – Apr 1")).to_be_visible()
    fact.get_by_text("Where it comes from").click()
    expect(fact).to_contain_text(f"You: The {word} pump is from Moab now.")
    expect(fact).to_contain_text("Conversation of Apr 1")


def test_preferences_have_a_section_that_says_where_they_go(app: AppPage, remembered: Remembered, word: str) -> None:
    """A preference without room in the prompt is marked."""
    remembered.knows(f"{word} units", "always km", standing=True)
    for number in range(3):
        remembered.knows(f"{word} long {number}", "x" * 390, standing=True)
    app.sign_in()
    preferences = section(open_memories(app), "Standing preferences")
    expect(preferences).to_contain_text("every question that it sends to Claude")
    items = preferences.locator("li.memory")
    expect(items).to_have_count(4)
    expect(items.filter(has_text="no room for it in every question")).to_have_count(3)


def test_fact_is_corrected_in_place_and_undone(app: AppPage, remembered: Remembered, word: str) -> None:
    """The undo restores the wrong value, which isn't an earlier one."""
    remembered.knows(f"{word} dogs", "two cats")
    app.sign_in()
    facts = section(open_memories(app, word), "Facts")
    facts.get_by_role("button", name=f"Correct: {word} dogs").click()
    value = facts.get_by_role("textbox", name="What is right")
    value.fill("")
    facts.get_by_role("button", name="Save").click()
    expect(facts.get_by_role("alert").filter(has_text="Write what is right.")).to_be_visible()
    value.fill("two dogs")
    facts.get_by_role("button", name="Save").click()
    expect(facts.locator(".memory-text")).to_have_text("two dogs")
    expect(facts).to_contain_text("you told PAM")
    expect(facts.get_by_role("button", name="Correct")).to_be_focused()
    facts.get_by_role("button", name="Undo").click()
    expect(facts.locator(".memory-text")).to_have_text("two cats")
    expect(facts.get_by_text("Before")).to_have_count(0)


def test_fact_is_deleted_after_a_second_step(app: AppPage, remembered: Remembered, word: str) -> None:
    """With the message that it comes from, and the page's own copies."""
    turn = remembered.says(f"We have a {word} dog.")
    remembered.knows(f"{word} dog", "one", turn)
    app.sign_in()
    app.ask("How much did I spend on gas this month?")
    dialog = open_memories(app, word)
    facts = section(dialog, "Facts")
    facts.get_by_role("button", name=f"Delete: {word} dog").click()
    expect(facts).to_contain_text("the messages that they come from. It can't be undone.")
    facts.get_by_role("button", name="Keep").click()
    facts.get_by_role("button", name=f"Delete: {word} dog").click()
    facts.get_by_role("button", name="Delete for good").click()
    expect(facts).to_contain_text("Nothing with these words.")
    expect(section(dialog, "Messages")).to_contain_text("Nothing with these words.")
    assert remembered.rows("select 1 from exchanges where user_id = %s and turn_id = %s", turn) == []
    dialog.get_by_role("button", name="Close").click()
    expect(app.cards).to_have_count(0)


def test_topic_is_deleted_as_it_was_shown(app: AppPage, remembered: Remembered, word: str) -> None:
    """First what it would be, with examples."""
    remembered.says(f"The {word} pump leaks.")
    app.sign_in()
    dialog = open_memories(app)
    dialog.get_by_label("All about a topic").fill("the")
    dialog.get_by_role("button", name="Show what it would delete").click()
    expect(dialog.get_by_role("alert").filter(has_text="needs a word to look for")).to_be_visible()
    app.allow_request_errors()
    dialog.get_by_label("All about a topic").fill(f"{word} zeppelin")
    dialog.get_by_role("button", name="Show what it would delete").click()
    expect(dialog).to_contain_text("PAM remembers nothing with these words.")
    dialog.get_by_label("All about a topic").fill(f"{word} pumps")
    dialog.get_by_role("button", name="Show what it would delete").click()
    expect(dialog).to_contain_text(f"This deletes what is about “{word} pumps”: 1 message with its answer.")
    expect(dialog.get_by_role("list", name="Examples")).to_have_text(f"The {word} pump leaks.")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(dialog).to_contain_text("Deleted: 1 message with its answer.")
    assert remembered.rows("select 1 from exchanges where user_id = %s and strpos(content, %s) > 0", word) == []


def test_everything_is_deleted_only_after_typing_it(app: AppPage, remembered: Remembered) -> None:
    """The text says what stays. The deletion itself isn't sent to the shared demo traveller here."""
    remembered.says("We have two dogs.")
    app.sign_in()
    deletions: list[str] = []
    answer = {"text": "Deleted: 1 message with its answer.", "facts": 0, "episodes": 0, "messages": 1}
    app.route(
        re.compile(r"/v1/memories/selections/"),
        lambda route: (deletions.append(route.request.method), route.fulfill(json=answer)),
    )
    dialog = open_memories(app)
    dialog.get_by_role("button", name="Delete everything").click()
    expect(dialog).to_contain_text("Your money, trips and profile stay.")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(dialog.get_by_role("alert").filter(has_text="Nothing is deleted yet.")).to_be_visible()
    assert deletions == []
    dialog.get_by_role("textbox", name="Type “delete everything” to confirm").fill("Delete Everything")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(dialog).to_contain_text("Deleted: 1 message with its answer.")
    assert deletions == ["DELETE"]


def test_long_list_is_shown_page_by_page(app: AppPage, remembered: Remembered, word: str) -> None:
    """The focus stays in the list after the last page."""
    for number in range(23):
        remembered.says(f"{word} night {number}")
    app.sign_in()
    messages = section(open_memories(app, word), "Messages")
    expect(messages.locator("li.memory")).to_have_count(20)
    expect(messages.locator("li.memory").first).to_contain_text(f"{word} night 22")
    messages.get_by_role("button", name="Show more").click()
    expect(messages.locator("li.memory")).to_have_count(23)
    expect(messages.get_by_role("button", name="Show more")).to_have_count(0)
    expect(messages.get_by_role("heading")).to_be_focused()


def test_unavailable_memory_says_so_and_is_tried_again(app: AppPage, remembered: Remembered, word: str) -> None:
    """In each section; nothing looks empty that isn't."""
    remembered.says(f"The {word}.")
    app.sign_in()
    down = {"code": "database_unavailable", "message": "PAM can't reach its database right now.", "retry_after": 5}
    app.route(re.compile(r"/v1/memories\?"), lambda route: route.fulfill(status=503, json=down))
    dialog = open_memories(app)
    expect(dialog.get_by_role("alert").filter(has_text="can't reach its database")).to_have_count(4)
    expect(dialog.get_by_text("No messages yet")).to_have_count(0)
    app.unroute(re.compile(r"/v1/memories\?"))
    section(dialog, "Messages").get_by_role("button", name="Try again").click()
    expect(section(dialog, "Messages").get_by_role("listitem").first).to_be_visible()
    expect(section(dialog, "Messages").get_by_role("alert").filter(has_text="can't reach")).to_have_count(0)
    app.allow_request_errors()


def test_text_of_memory_is_never_markup(app: AppPage, remembered: Remembered, word: str) -> None:
    """Neither a fact nor a message."""
    remembered.knows(f"{word} <b>x</b>", "<img src=x onerror=alert(1)>", remembered.says(f"<script>{word}</script>"))
    app.sign_in()
    dialog = open_memories(app, word)
    expect(section(dialog, "Facts")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(dialog.locator("img, script, b")).to_have_count(0)


def test_dialog_fits_a_phone(new_app, remembered: Remembered, word: str) -> None:
    """Without scrolling sideways, with the longest texts."""
    remembered.knows(f"{word}{'y' * 70}", "w" * 400)
    app = new_app(width=390, height=800)
    app.sign_in()
    dialog = open_memories(app, f"{word}{'y' * 70}")
    expect(section(dialog, "Facts").locator("li.memory")).to_have_count(1)
    dialog.get_by_role("button", name="Delete everything").click()
    expect(dialog).to_contain_text("Your money, trips and profile stay.")
    assert dialog.evaluate("node => node.scrollWidth <= node.clientWidth")
