"""Whether a message is in a language that the screen isn't trained for."""

import unicodedata
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

MAX_OTHER_SCRIPT = 0.2
MIN_STOPWORDS = 2
MIN_STOPWORD_SHARE = 0.12


class LanguageKind(StrEnum):
    """How well the screen knows a message's language."""

    ENGLISH = "english"
    TRAINED = "trained"
    OTHER = "other"


_TRAINED = {
    "de": (
        "der die das und ist nicht ich wir sie mit auf fur ein eine einen dem den von zu im wie was mir mich mein "
        "meine bitte haben habe kann uns du dein deine alle noch auch wo wann heute morgen wird aus bei nach "
        "wieviel viel"
    ),
    "fr": (
        "le la les et est pas je nous vous avec sur pour un une des du de que qui dans mon ma mes ton votre "
        "combien quel quelle moi au aux ce cette j l d y s il elle on en tu plus tout sont ai avons fait"
    ),
    "es": (
        "el la los las y es no yo nosotros con en para un una de del que mi mis tu su sus cuanto cual como donde "
        "por me se lo al hay esta este todo todas eres ha he ya pero mas tus hoy manana gaste"
    ),
    "pt": (
        "o a os as e nao eu nos com em para um uma de do da que meu minha seu sua quanto qual como onde por me se "
        "no na ao esta este tudo todas voce foi mais mas dos das hoje amanha tem ja gastei isso"
    ),
    "it": (
        "il lo la gli le e non io noi con in per un una di del della che mio mia tuo tua quanto qual come dove da "
        "mi si al questo questa tutto tutte sei sono ho piu ma nel dei delle oggi domani quanti ci mie tuoi"
    ),
    "nl": (
        "de het een en is niet ik wij we met op voor van te in mijn je jouw hoe wat waar mij me naar er dat die "
        "zijn heb heeft kan alle ook nog vandaag morgen hoeveel geef ons bij om aan"
    ),
}
_OTHER = (
    "jest nie sie na do czy jak mi moj moje wszystkie prosze co to dla ale od "  # Polish
    "och det som att jag har inte ar den pa med for mig vad hur alla dina du "  # Swedish
    "og det som jeg ikke er pa med for meg hva hvordan alle dine deg til af "  # Norwegian, Danish
    "ja on ei se mita miten minun sinun kaikki mutta ole ovat tama "  # Finnish
    "ve bir bu ne icin ile benim senin nasil tum de da mi mu degil lutfen "  # Turkish
    "a je se na to co jak moje vsechny si ktery prosim nebo jsem jste "  # Czech, Slovak
    "es az egy nem hogy mi a meg osszes kerem van volt ez minden "  # Hungarian
    "si nu este pe ce cum pentru toate mi din care sunt dar va "  # Romanian
    "yang dan di untuk dengan saya anda tidak ini itu semua apa bagaimana dari ke "  # Indonesian, Malay
    "ang ng sa mga ko mo hindi ay na ito lahat paano "  # Tagalog
    "va la cua khong toi ban cac cho nhung tat ca la gi mot duoc "  # Vietnamese
)
_ENGLISH_TEXT = (
    "the a an is are was i you we to of in on for my me your and it that this what how do does did can at with from be "
    "have has not no please all any as if by or"
)
_ENGLISH = frozenset(_ENGLISH_TEXT.split())
_OTHER_WORDS = frozenset(_OTHER.split()) - _ENGLISH
_TRAINED_WORDS = frozenset(word for words in _TRAINED.values() for word in words.split()) - _ENGLISH

COMMON_WORDS = _ENGLISH | _TRAINED_WORDS
"""Frequent words of English and the languages that the screen is trained for."""


def has_other_script(words: Sequence[str]) -> bool:
    """Return whether more than `MAX_OTHER_SCRIPT` of the letters of words aren't Latin."""
    text = "".join(words)
    if text.isascii():
        return False
    characters = set(text)
    digits = set(filter(str.isdecimal, characters))
    others = {each for each in characters - digits if each > "\x7f" and not is_latin(each)}
    if not others:
        return False
    letters = len(text) - sum(map(text.count, digits))
    return sum(map(others.__contains__, text)) > MAX_OTHER_SCRIPT * letters


@lru_cache(maxsize=4096)
def is_latin(letter: str) -> bool:
    """Return whether a letter is of the Latin script."""
    return "LATIN" in unicodedata.name(letter, "")


def language_kind(words: Sequence[str]) -> LanguageKind:
    """Return the kind of a text's language by its most frequent words; English where there are too few of them."""
    english, trained, other = (
        sum(map(listed.__contains__, words)) for listed in (_ENGLISH, _TRAINED_WORDS, _OTHER_WORDS)
    )
    best = max(trained, other)
    if best < MIN_STOPWORDS or best < MIN_STOPWORD_SHARE * len(words) or best <= english:
        return LanguageKind.ENGLISH
    return LanguageKind.TRAINED if trained >= other else LanguageKind.OTHER
