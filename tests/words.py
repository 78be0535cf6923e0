"""Words for tests."""

import secrets


def new_word() -> str:
    """Return a word that can be spoken and is in no other text: the screen flags one that looks encoded."""
    return "".join(secrets.choice("bdfgklmnprstvz") + secrets.choice("aeiou") for _ in range(7)).capitalize()
