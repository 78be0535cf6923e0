"""Names of places: their words, nicknames, and whether a text resembles a name."""

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path

from pam.travel.regions import LONG_FORMS

_SHARED_NAME_LINES = Path(__file__).with_name("shared_names.txt").read_text("utf-8").splitlines()
NOTABLE_REGIONS = {
    name: frozenset(regions.split()) for name, _, regions in (line.partition("\t") for line in _SHARED_NAME_LINES)
}
"""Where the towns of note are that share a name: `US-OR` in the United States, else the country's code.

Names are as `name_words` writes them. Made from GeoNames (CC BY 4.0).
"""
SHARED_NAMES = frozenset(NOTABLE_REGIONS)

PROMINENT_NAMES = frozenset(Path(__file__).with_name("prominent_names.txt").read_text("utf-8").splitlines())
"""Names of large towns beside which the others of that name are small, in the same form and from the same data."""

SHARED_NAME_COUNTRIES = frozenset({"AU", "CA", "GB", "IE", "MX", "NZ", "US"})
"""The countries of those towns, which are those of the router's lists."""

_NICKNAME_LINES = """
abq Albuquerque, New Mexico|big apple New York, New York|dc Washington, District of Columbia
jax Jacksonville, Florida|la Los Angeles, California|mile high city Denver, Colorado|motor city Detroit, Michigan
nola New Orleans, Louisiana|nyc New York, New York|okc Oklahoma City, Oklahoma|pdx Portland, Oregon
philly Philadelphia, Pennsylvania|sf San Francisco, California|slc Salt Lake City, Utah|vegas Las Vegas, Nevada
windy city Chicago, Illinois
"""

_PARK = re.compile(
    r" (national (park( and preserve)?|forest|monument|preserve|recreation area|seashore|lakeshore|grassland)"
    r"|(state|provincial|territorial|regional|conservation) (park|forest|reserve|recreation area))$",
    re.IGNORECASE,
)
_NATIONAL_PARK = (("national", "park"), ("national", "park", "and", "preserve"))
# What people leave out of a name: “Estes” for Estes Park. Enough to suggest the place, not to assume it.
_DESIGNATOR_WORDS = """
area beach canyon city falls forest heights hills island junction lake mountain mountains national park preserve
recreation springs state town township valley village
"""
_DESIGNATORS = frozenset(_DESIGNATOR_WORDS.split())
_MIN_SPELLING_RATIO = 0.8
_MIN_SPELLING_CHARS = 5


def is_park_name(name: str) -> bool:
    """Return whether a name ends like a park's: “Zion National Park” does, “Zion National Park Lodge” doesn't."""
    return _PARK.search(name) is not None


def name_words(text: str) -> tuple[str, ...]:
    """Return the words of a name without accents, case and punctuation; “St.” and “Mt.” in full."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    found = re.findall(r"\w+", re.sub(r"[.'’ʻ`]", "", plain))
    return tuple(_ABBREVIATIONS.get(word, word) for word in found)


_ABBREVIATIONS = {"st": "saint", "ste": "sainte", "mt": "mount", "ft": "fort"}


def _nicknames() -> dict[tuple[str, ...], str]:
    entries = (entry.strip() for entry in _NICKNAME_LINES.strip().replace("\n", "|").split("|"))
    splits = (re.split(r" (?=[A-Z])", entry, maxsplit=1) for entry in entries)
    return {tuple(nickname.split()): town for nickname, town in splits}


NICKNAMES = _nicknames()
"""Short names that are used for one town only, by their words: alternate names of GeoNames (CC BY 4.0)."""


def expand_nickname(text: str) -> str:
    """Return the town that a nickname stands for, with its state; any other text unchanged. “vegas nv” is one, too."""
    words = name_words(text)
    words = words[1:] if words[:1] == ("the",) else words
    for count in range(len(words), 0, -1):
        town = NICKNAMES.get(words[:count])
        if town is not None:
            state = set(name_words(town.partition(", ")[2]))
            return town if contains_all(words[count:], state | {"united", "states"}) else text
    return text


def search_text(text: str) -> str:
    """Return the text that is searched for: lower case, without punctuation beside words and repeated spaces.

    Texts with one result have one such text: it is the key of the result, and what the source gets.
    """
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace("ʻ", "'").replace(".", "")
    words = (word.strip("'-_") for word in re.findall(r"[\w'-]+", folded))
    return " ".join(word for word in words if word)


def is_named(words: tuple[str, ...], name: str, full_name: str, kind: str) -> bool:
    """Return whether the words are the place's name, followed by nothing but its surroundings."""
    own = name_words(name)
    names = [own]
    if kind == "park":
        names += [own[: -len(end)] for end in _NATIONAL_PARK if own[-len(end) :] == end]
    if kind == "place":
        names.append((*own, "city"))  # New York, Quebec
        if own[-1:] == ("city",) and len(own) > 2:
            names.append(own[:-1])  # Lake Havasu
    elif words[:1] == ("the",):  # not for towns, except The Dalles: “the Pacific” isn't Pacific, Missouri
        words = words[1:]
    if kind == "region":
        names += [(*own, "state"), (*own, "province")]
    surroundings = set(name_words(full_name)[len(own) :])
    return any(n and words[: len(n)] == n and contains_all(words[len(n) :], surroundings) for n in names)


def may_be_meant(words: tuple[str, ...], name: str, full_name: str) -> bool:
    """Return whether a place may be suggested for the words: its name adds designators, or is spelled like them."""
    own = name_words(name)
    if not own or not words:
        return False
    rest = words[len(own) :]
    shorter = min(len(words), len(own))
    if words[:shorter] == own[:shorter] and not rest and shorter < len(own):
        return shorter > 1 or _DESIGNATORS.issuperset(own[shorter:])
    text, spelled = " ".join(words[: len(own)]), " ".join(own)
    if len(text) < _MIN_SPELLING_CHARS or not contains_all(rest, set(name_words(full_name)[len(own) :])):
        return False
    return SequenceMatcher(None, text, spelled, autojunk=False).ratio() >= _MIN_SPELLING_RATIO


def contains_all(words: Sequence[str], known: set[str]) -> bool:
    """Return whether each word is known, as itself or as an abbreviation of known words; “in” always is."""
    return all(
        word == "in" or word in known or any(known.issuperset(form) for form in LONG_FORMS.get(word, ()))
        for word in words
    )
