"""What memory is searched by."""

import pytest

from pam.memory.recall_need import RecallNeed, recall_need


@pytest.mark.parametrize(
    "text",
    [
        "what did we say about the water pump?",
        "Where did we camp last May?",
        "plan my week to Yellowstone under $600",
        "which route suits us best",
        "add the same as last time for propane",
        "What was the name of that mechanic?",
        "Have we been to Moab?",
        "Thanks, and where was that again?",
        "post what I wrote yesterday",
        "Send Jim the name of the mechanic who weighed us",
        "send Ann our phone number",
        "Add the campground where the dogs got sick to the list",
        "log the tires that Jim recommended at $800",
        "Please post the address of the shop",
        "Can you suggest a campground near Zion?",
        "How many nights are we in Bend?",
        "What snacks would be good for us?",
    ],
)
def test_question_about_the_past_is_searched_by_its_meaning(text: str) -> None:
    """In whatever words it was said."""
    assert recall_need(text) is RecallNeed.MEANING


@pytest.mark.parametrize(
    "text",
    [
        "How do I level the rig on soft ground?",
        "Is it safe to boil the tank?",
        "best campgrounds in Utah",
        "Why does a propane fridge need to be level?",
    ],
)
def test_question_about_the_world_waits_for_no_embedding(text: str) -> None:
    """What was said about its words is found, too."""
    assert recall_need(text) is RecallNeed.WORDS


@pytest.mark.parametrize(
    "text",
    [
        "add $45 for gas",
        "Please log $12 for tolls",
        "spent $30 on groceries at Safeway",
        "We just paid $94 to Shurflo",
        "undo that",
        "add $45 for that",
        "send Jim $20 for dinner",
        "log 12 gallons at 3.459",
        "delete the second one",
        "Thanks!",
        "thank you so much",
        "ok",
        "good morning, PAM",
        "",
    ],
)
def test_order_or_small_talk_needs_no_past(text: str) -> None:
    """Memory isn't searched."""
    assert recall_need(text) is RecallNeed.NOTHING
