"""The currencies that a symbol, a code or a name can mean, and the one that is meant by a user.

Babel knows how each locale writes a currency, but not what a written mark can mean: "$" is the symbol of five
currencies. The table below adds what isn't in the CLDR: shared marks, prefixes and everyday names.
"""

from functools import cache

from babel.numbers import get_currency_name, get_currency_symbol

from pam.money.amounts import CURRENCIES

_DOLLARS = frozenset({"USD", "CAD", "AUD", "NZD"})
_KRONER = frozenset({"NOK", "SEK", "DKK"})

_COMMON_MARKS: dict[frozenset[str], str] = {
    _DOLLARS: "dollar dollars buck bucks",
    _KRONER: "kr",
    frozenset({"NOK", "DKK"}): "krone kroner",
    frozenset({"USD"}): "us$ $us u$ usdollar usdollars americandollar americandollars",
    frozenset({"CAD"}): "ca$ $ca c$ can$",
    frozenset({"AUD"}): "a$ au$ $au aussiedollar aussiedollars",
    frozenset({"NZD"}): "nz$ $nz kiwidollar kiwidollars",
    frozenset({"MXN"}): "mx$ $mx mex$ peso pesos",
    frozenset({"EUR"}): "€ euro euros",
    frozenset({"GBP"}): "£ pound pounds quid sterling poundsterling poundssterling",
    frozenset({"CHF"}): "fr frs sfr franc francs franken",
    frozenset({"NOK"}): "nkr",
    frozenset({"SEK"}): "skr krona kronor",
    frozenset({"DKK"}): "dkr",
    frozenset({"ZAR"}): "r rand rands",
}


def currencies_of(mark: str, locale: str) -> frozenset[str]:
    """Return the currencies that a mark such as `$`, `CHF` or `Canadian dollars` can mean; empty for an unknown one.

    Several words are one mark, or one mark each (`AUD $`), which all have to agree.
    """
    marks = _marks(locale)
    words = mark.casefold().split()
    if whole := marks.get(_normalize("".join(words))):
        return whole
    meanings = [marks.get(_normalize(word), frozenset()) for word in words]
    return frozenset.intersection(*meanings) if meanings else frozenset()


def possible_currencies(candidates: frozenset[str], account: str, locale: str) -> list[str]:
    """Return the currency that is meant, or several if that isn't certain: the account's if it is a candidate.

    Otherwise a dollar is the US dollar, unless the locale writes another one as "$".
    """
    if account in candidates:
        return [account]
    if "USD" not in candidates:
        return sorted(candidates)
    local = [code for code in sorted(candidates - {"USD"}) if get_currency_symbol(code, locale) == "$"]
    return ["USD", *local]


@cache
def _marks(locale: str) -> dict[str, frozenset[str]]:
    marks: dict[str, frozenset[str]] = {}

    def add(mark: str, codes: frozenset[str]) -> None:
        key = _normalize("".join(mark.casefold().split()))
        marks[key] = marks.get(key, frozenset()) | codes

    add("$", frozenset(code for code in CURRENCIES if get_currency_symbol(code, "en").endswith("$")))
    for codes, texts in _COMMON_MARKS.items():
        for text in texts.split():
            add(text, codes)
    for code in CURRENCIES:
        add(code, frozenset({code}))
        for known in ("en", locale):
            add(get_currency_symbol(code, known), frozenset({code}))
            for count in (1, 2):
                add(get_currency_name(code, count, known), frozenset({code}))
    return marks


def _normalize(mark: str) -> str:
    return mark.strip(".")
