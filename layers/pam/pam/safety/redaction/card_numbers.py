"""Payment card numbers: 12 to 19 digits in any grouping, with an issuer's prefix and a valid check digit (Luhn)."""

import re
from collections.abc import Iterator, Sequence

from pam.safety.redaction.normalized import Span

# Between groups of digits: white space and hyphens, or any one mark of punctuation with or without spaces beside it.
_RUN = re.compile(r"(?<![0-9])[0-9]+(?:(?:[\s_-]{1,8}|\s{0,3}[^\w\s]\s{0,3})[0-9]+)+|(?<![0-9])[0-9]{12,}", re.ASCII)
_GROUP = re.compile(r"[0-9]+")
_PUNCTUATION = re.compile(r"[^0-9\s._-]")
_LINE_BREAK = re.compile(r"[\n\r\v\f]")

# Prefixes by length (ISO/IEC 7812 and the networks' published ranges). 1 is airlines' (UATP), 7 fuel companies' cards.
_ISSUERS = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"  # Visa
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2})[0-9]{12,15}"  # Discover
    r"|3(?:0[0-59]|[689][0-9])[0-9]{11,16}"  # Diners Club
    r"|(?:352[89]|35[3-8][0-9])[0-9]{12,15}|(?:2131|1800)[0-9]{11}"  # JCB
    r"|62[0-9]{14,17}|81[0-9]{14,17}"  # UnionPay
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])[0-9]{8,15}"  # Maestro
    r"|220[0-4][0-9]{12,15}|9792[0-9]{12}|(?:60|65|81|82|508)[0-9]{13,14}"  # Mir, Troy, RuPay
)
_OTHER_ISSUERS = re.compile(r"(?:50|5[6-9]|6[0-9])[0-9]{11,17}|7[0-9]{14,18}|1[0-9]{14}")

_MIN_DIGITS = 12
_MAX_DIGITS = 19


def find_card_numbers(text: str, kept: Sequence[tuple[int, int]] = ()) -> Iterator[Span]:
    """Yield the card numbers of a normalized text outside of the `kept` spans, which are in order."""
    kept_spans = iter(kept)
    kept_span = next(kept_spans, None)
    for run in _RUN.finditer(text):
        groups: list[tuple[int, int]] = []
        for match in _GROUP.finditer(text, *run.span()):
            while kept_span is not None and kept_span[1] <= match.start():
                kept_span = next(kept_spans, None)
            if kept_span is None or kept_span[0] >= match.end():
                groups.append(match.span())
            else:
                # What is before a kept number and what is after it are no parts of one card number.
                yield from _find_in_run(text, groups)
                groups = []
        yield from _find_in_run(text, groups)


def _find_in_run(text: str, groups: Sequence[tuple[int, int]]) -> Iterator[Span]:
    first = 0
    while first < len(groups):
        last = _longest_card(text, groups, first)
        if last is None:
            first += 1
        else:
            yield groups[first][0], groups[last][1], "card number"
            first = last + 1


def _longest_card(text: str, groups: Sequence[tuple[int, int]], first: int) -> int | None:
    """Return the last group of the longest card number that begins with the group `first`; None if there is none."""
    digits, found = "", None
    for last in range(first, min(first + _MAX_DIGITS, len(groups))):
        start, end = groups[last]
        if len(digits) + end - start > _MAX_DIGITS:
            break
        digits += text[start:end]
        if len(digits) >= _MIN_DIGITS and _is_card(text, digits, groups[first : last + 1]):
            found = last
    return found


def _is_card(text: str, digits: str, groups: Sequence[tuple[int, int]]) -> bool:
    start, end = groups[0][0], groups[-1][1]
    written = text[start:end]
    lengths = [stop - begin for begin, stop in groups]
    is_usual = all(length == 4 for length in lengths[:-1]) or lengths in ([4, 6, 5], [4, 6, 4])
    if not is_usual:
        # Other punctuation separates the parts of a list or a formula, unless the groups are a card's.
        if _PUNCTUATION.search(written):
            return False
        # Coordinates and decimals have points beside other separators; numbers on lines of their own are a list.
        # A number of two or three long groups is broken by a line: what is stored for recall has spaces for breaks.
        is_broken = max(lengths) >= 8 and len(lengths) <= 3
        if _LINE_BREAK.search(written) and not is_broken:
            return False
        if "." in written and re.search(r"[\s_-]", written):
            return False
        # The last group of an identifier with letters, such as a UUID.
        if start and text[start - 1].isalpha():
            return False
    # Four-digit weights and years in a list have the rarer prefixes.
    may_be_rare = is_usual and not _PUNCTUATION.search(written)
    if not _ISSUERS.fullmatch(digits) and not (may_be_rare and _OTHER_ISSUERS.fullmatch(digits)):
        return False
    from stdnum import luhn  # only loaded where a number may be a card's

    return luhn.is_valid(digits)
