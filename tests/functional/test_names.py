"""Names that look alike: Postgres' skeletons are those of ICU, and no two users may have such names."""

import uuid
from collections.abc import Callable

import hypothesis.strategies as st
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings

from local.confusables import characters, exact_skeleton
from pam.community.profiles import save_public_profile
from pam.platform.deadline import Deadline
from pam.platform.errors import PamError
from pam.platform.postgres import Database

BLOCK = 500


@pytest.fixture
def surname() -> str:
    """Return a surname of this test alone: names are unique in the database."""
    return "T" + uuid.uuid4().hex[:12]


@pytest.fixture
def register(database: Database) -> Callable[[str], str | None]:
    """Register a name for a new user; return the code of the error, or None."""

    def register(name: str) -> str | None:
        user_id = uuid.uuid4()
        try:
            with database.session(user_id, Deadline(5)) as connection:
                save_public_profile(connection, user_id, name)
        except PamError as error:
            assert error.field == "name"
            return error.error.code
        return None

    return register


def test_skeletons_of_all_characters_are_those_of_icu(owner: psycopg.Connection) -> None:
    """With another version of Unicode in ICU, a new migration is needed: `python -m local.confusables` prints it."""
    stored = list(characters())
    blocks = ["x".join(stored[start : start + BLOCK]) for start in range(0, len(stored), BLOCK)]
    rows = owner.execute("select block, skeleton(block) from unnest(%s::text[]) block", (blocks,)).fetchall()
    assert len(rows) == len(blocks)
    assert [ascii(block) for block, skeleton in rows if skeleton != exact_skeleton(block)] == []


LETTERS = st.characters(exclude_categories=["Cs", "Cc"])
MIXED = st.text(
    st.one_of(LETTERS, st.sampled_from("Il1|mrnO0oaаＡａ \u00a0\u200d\u2800\u3164\u0301éİıſßÅ")), max_size=40
)


@given(name=MIXED)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_skeletons_of_texts_are_those_of_icu(owner: psycopg.Connection, name: str) -> None:
    """Also where marks combine across characters; a skeleton's skeleton is the same again."""
    row = owner.execute("select skeleton(%(name)s), skeleton(skeleton(%(name)s))", {"name": name}).fetchone()
    assert row == (exact_skeleton(name), exact_skeleton(exact_skeleton(name)))


@pytest.mark.parametrize(
    "look_alike",
    [
        "Мaria",  # a Cyrillic first letter
        "Mаriа",  # two Cyrillic letters inside
        "Μaria",  # a Greek capital Mu
        "Ｍａｒｉａ",
        "𝓜𝓪𝓻𝓲𝓪",
        "Ⅿaria",
        "Mari\u200da",
        "Ma\u034fria",
        "Maria\ufe0f",
        "\u3164Maria",
        "Maria\u2800",
        "mARIA",
        "MaRia",
        "rnaria",
        "M\u0430ria".upper(),
    ],
)
def test_name_that_looks_like_another_users_is_rejected(
    register: Callable[[str], str | None], surname: str, look_alike: str
) -> None:
    """Other alphabets, widths and styles, invisible and blank characters, and any case; in either order."""
    assert register(f"Maria {surname}") is None
    assert register(f"{look_alike} {surname}") == "name_taken"
    assert register(f"{look_alike} B{surname}") is None
    assert register(f"Maria B{surname}") == "name_taken"


@pytest.mark.parametrize(
    "name", ["PAM", "Pam", "РАМ", "PAM Support", "pam-team", "Admin", "Official  Support", "Ｓｔａｆｆ", "P\u200dAM"]
)
def test_name_that_could_be_taken_for_pam_is_rejected(register: Callable[[str], str | None], name: str) -> None:
    """A name of nothing but such words, in any writing."""
    assert register(name) == "name_taken"


@pytest.mark.parametrize("first", ["Pam", "Pamela", "Staff", "Claude"])
def test_people_may_be_called_like_pam(register: Callable[[str], str | None], surname: str, first: str) -> None:
    """With another name beside it."""
    assert register(f"{first} {surname}") is None


@pytest.mark.parametrize(
    ("name", "look_alike"), [("Marla", "MarIa"), ("Bill", "BiIl"), ("Anna 10", "Anna lO"), ("Olga", "0lga")]
)
def test_capital_letters_that_look_like_small_ones_are_rejected(
    register: Callable[[str], str | None], surname: str, name: str, look_alike: str
) -> None:
    """And digits that look like letters."""
    assert register(f"{name} {surname}") is None
    assert register(f"{look_alike} {surname}") == "name_taken"


@pytest.mark.parametrize(
    ("name", "other"),
    [("Maria", "Marla"), ("Maria", "María"), ("Marc", "Mark"), ("Sören", "Soren"), ("Иван", "Ivan"), ("明", "朋")],
)
def test_names_that_differ_to_the_eye_are_accepted(
    register: Callable[[str], str | None], surname: str, name: str, other: str
) -> None:
    """Accents and other letters make another name."""
    assert register(f"{name} {surname}") is None
    assert register(f"{other} {surname}") is None


@pytest.mark.parametrize("name", ["\u3164", "\u2800\u2800", "\ufe0f", "\u034f \u115f"])
def test_name_without_a_visible_character_is_rejected(register: Callable[[str], str | None], name: str) -> None:
    """An invisible name would be everybody's."""
    assert register(name) == "invalid_text"
