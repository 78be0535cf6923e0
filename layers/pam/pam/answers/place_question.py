"""The question back where a question in words names no certain place."""

import re
from collections.abc import Iterator

from pam.platform.errors import PLACE_TOO_LARGE, ErrorChoice, PamError
from pam.routing.interpreter import Route, route
from pam.travel.place_names import name_words
from pam.travel.places import PlaceError


class PlaceQuestion(PamError):
    """A question back: each choice's `value` is the traveller's question with the full name of one place."""


def place_question(text: str, understood: Route, error: PlaceError) -> PlaceQuestion | None:
    """Return the question back to a question that was understood but for its place.

    None where there is nothing to choose from, so that Claude asks; a state in place of a town needs no choices.
    """
    choices = [
        ErrorChoice(choice.text, question)
        for choice in error.choices
        if (question := _with_place(text, understood, error.field or "", choice.text)) is not None
    ]
    if not choices and error.error != PLACE_TOO_LARGE:
        return None
    return PlaceQuestion(error.error, error.message, field="text", choices=choices)


def _with_place(text: str, understood: Route, slot: str, name: str) -> str | None:
    """Return the question with another place in a slot, if it is understood in the same way; else None."""
    for question in _replacements(text, str(understood.slots.get(slot, "")), name):
        new = route(question)
        others = {key: value for key, value in new.slots.items() if key != slot}
        if (
            new.intent == understood.intent
            and others == {key: value for key, value in understood.slots.items() if key != slot}
            and new.details == understood.details
            and name_words(str(new.slots.get(slot, ""))) == name_words(name)
        ):
            return question
    return None


def _replacements(text: str, old: str, new: str) -> Iterator[str]:
    """Yield the text with each occurrence of a place replaced; the router has changed its case and punctuation."""
    words = re.findall(r"\w+", old)
    if words:
        pattern = r"(?<!\w)" + r"[\W_]+".join(map(re.escape, words)) + r"(?!\w)"
        for found in re.finditer(pattern, text, re.IGNORECASE):
            yield text[: found.start()] + new + text[found.end() :]
