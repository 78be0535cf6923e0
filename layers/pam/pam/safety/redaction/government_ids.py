"""Ids that governments give to persons: by their shape and check digits, or by the words before them."""

import re
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module

from pam.safety.redaction.normalized import Span

_KIND = "government id"

_ID_BEFORE, _ID_AFTER = r"(?<![A-Za-z0-9./-])", r"(?![A-Za-z0-9]|[./-][A-Za-z0-9])"

# Shapes that travellers use for nothing else, with the modules of python-stdnum that validate them. A Social Security
# number with hyphens is removed without validation: it is unmistakable, also with a mistyped digit.
_SHAPES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"[0-9]{3} ?-{1,2} ?[0-9]{2} ?-{1,2} ?[0-9]{4}", ()),  # SSN, ITIN, ATIN
    (r"[0-9]{3}([ ._/])[0-9]{2}\1[0-9]{4}", ("us.ssn", "us.itin")),
    (r"[0-9]{3}-[0-9]{3}-[0-9]{3}", ("ca.sin",)),
    (r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]", ()),  # NINO, which has no check digit
    (r"[0-9]{2} [0-9]{3} [0-9]{3} [0-9]{3}", ("de.idnr",)),
    (r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", ("br.cpf",)),
    (r"756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}", ("ch.ssn",)),
    (r"[A-Z]{6}[0-9]{2}[A-Z][0-9]{2}[A-Z][0-9]{3}[A-Z]", ("it.codicefiscale",)),
    (r"[A-Z]{4}[0-9]{6}[A-Z]{6}[A-Z0-9][0-9]", ("mx.curp",)),
    (r"[12] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", ("fr.nir",)),
)
_COMPILED = tuple((re.compile(f"{_ID_BEFORE}(?:{shape}){_ID_AFTER}"), modules) for shape, modules in _SHAPES)

_LABEL = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      ssn|itin|social\ security|social\ insurance|sin|tin|tfn
    | (?:my|our|his|her|your)\ social(?!\ (?:security|insurance))
    | tax(?:payer)?(?:\ file|\ id|\ identification)(?:entification)?
    | national\ insurance|nino|national\ id(?:entity)?|identity\ card|id\ card
    | steuer-?\ ?id(?:entifikationsnummer|nr)?|steuernummer|id-?nr|personalausweis
    | passport|reisepass(?:nummer)?|pasaporte|passeport
    | driver'?s?\ licen[cs]e|driving\ licen[cs]e|drivers'\ licen[cs]e|f[uü]hrerschein
    | (?<!fishing\ )(?<!hunting\ )(?<!business\ )licen[cs]e(?=\ (?:number|num|no|nr)\b|\ ?\#)|dl
    | medicare|medicaid|nhs|green\ card|uscis|alien\ registration|a-number|ein
    | dni|nie|nif|codice\ fiscale|curp|cpf|bsn|pesel|personnummer|aadhaar|pps|nir
    | паспорт(?:а|у|ом)?|инн|снилс|身份证(?:号码?)?|身份證(?:號碼?)?|护照(?:号码?)?|護照(?:號碼?)?
    | マイナンバー|旅券番号|주민등록번호|여권번호
    )(?![A-Za-z0-9])
    (?:\ {0,3}(?:number|nummer|num|no|nr|card|id|code)(?![A-Za-z0-9])\.?){0,2}""",
    re.IGNORECASE | re.VERBOSE,
)
_VERB = r"(?:is|was|ist|war|lautet|es\ el|es|est\ le|est|è|é|是|は)(?![^\W\d_])"
_JOINER = re.compile(
    rf"""(?:\ (?:of|for|from|von|für|de|di|do|da|van)(?:\ [^\W\d_]{{1,20}}){{1,3}}(?=\ ?(?:[:=]|{_VERB})))?
    [ \t]{{0,3}}(?:[:=#]{{1,2}}|{_VERB}[ \t]?:?)?[ \t]{{0,3}}["'#]?""",
    re.IGNORECASE | re.VERBOSE,
)
"""What stands between a label and its value. The words of a person or purpose only before a verb or a mark."""
_VALUE = re.compile(r"[A-Za-z0-9]{1,20}(?:[ .-][A-Za-z0-9]{1,20}){0,8}")
_SEPARATORS = re.compile(r"[ ._/-]")
_AMOUNT = re.compile(r"[0-9]+\.[0-9]{2}(?![0-9.-])")
_DATE = re.compile(r"[0-9]{4}[.-][0-9]{1,2}[.-][0-9]{1,2}|[0-9]{1,2}[.-][0-9]{1,2}[.-][0-9]{2,4}")
_MIN_DIGITS = 5
"""The fewest digits of an id that is recognised by its label; years and fees have fewer."""
_MIN_DIGITS_BY_LABEL = ((re.compile(r"ssn|itin|(?:[a-z]+ )?social|sin|tin|tfn|tax", re.IGNORECASE), 8),)
"""Those of ids whose labels also stand before amounts: "Social Security 25000"."""
_SHORT_LABEL = re.compile(r"sin|tin|nie|nif|nir|dni|pps|[Ee]in|[Dd][Ll]|инн")
"""Labels that are other words, too: the value has to be introduced by "is", "number" or a mark."""

# PAM's own ids: a tool's argument that was taken for a card would name nothing.
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b", re.IGNORECASE)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")


def find_government_ids(text: str) -> Iterator[Span]:
    """Yield the government ids of a normalized text."""
    for pattern, modules in _COMPILED:
        for match in pattern.finditer(text):
            if not modules or any(_validator(module)(_SEPARATORS.sub("", match[0])) for module in modules):
                yield (*match.span(), _KIND)
    for label in _LABEL.finditer(text):
        joiner = _JOINER.match(text, label.end())
        start = joiner.end() if joiner else label.end()
        if _SHORT_LABEL.fullmatch(label[0]) and not text[label.end() : start].strip():
            continue
        end = _end_of_value(text, start)
        if end is not None and _count_digits(text[start:end]) >= _min_digits(label[0]):
            yield start, end, _KIND


def _min_digits(label: str) -> int:
    return next((digits for pattern, digits in _MIN_DIGITS_BY_LABEL if pattern.match(label)), _MIN_DIGITS)


def _count_digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def find_kept_numbers(text: str) -> Sequence[tuple[int, int]]:
    """Return the places of bank account numbers (IBAN) and of UUIDs, whose digits may look like a card's, in order."""
    accounts = [match.span() for match in _IBAN.finditer(text) if _validator("iban")(match[0])]
    return sorted([*accounts, *(match.span() for match in _UUID.finditer(text))])


def _end_of_value(text: str, start: int) -> int | None:
    """Return the end of the groups of letters and digits at `start` that may be an id; None for dates and amounts."""
    value = _VALUE.match(text, start)
    if value is None or _DATE.match(value[0]) or _AMOUNT.match(value[0]):
        return None
    end = None
    for group in re.finditer(r"[A-Za-z0-9]+", value[0]):
        is_part = _count_digits(group[0]) or (len(group[0]) <= 2 and group[0].isupper())
        is_whole = end is not None and _is_whole(value[0][: end - start])
        if not is_part or (is_whole and value[0][group.start() - 1] == " "):
            break
        end = start + group.end()
    return end


def _is_whole(value: str) -> bool:
    """Return whether an id is complete, so that what follows after a space is something else."""
    digits, is_one_group = _count_digits(value), " " not in value
    return digits >= 9 or (digits >= 6 and is_one_group and not value.isdigit())


def _validator(module: str) -> Callable[[str], bool]:
    """Return the function of python-stdnum, whose modules are only loaded where a text has such a shape."""
    is_valid: Callable[[str], bool] = import_module(f"stdnum.{module}").is_valid
    return is_valid
