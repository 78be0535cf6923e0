"""Passwords, PINs and card codes by the words around them; keys and tokens by their shape."""

import re
from collections.abc import Iterator

from pam.safety.redaction.credential_labels import LABEL, Introduction, find_introduction
from pam.safety.redaction.normalized import Span

_PASSWORD, _KEY, _CARD_CODE = "password", "key", "card code"

_MAX_VALUE_CHARS = 200

_KEYS = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      sk-[A-Za-z0-9_-]{16,}
    | (?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}
    | gh[pousr]_[A-Za-z0-9]{20,} | github_pat_[A-Za-z0-9_]{20,} | glpat-[A-Za-z0-9_-]{20,}
    | (?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])
    | AIza[A-Za-z0-9_-]{30,}
    | xox[abeoprs]-[A-Za-z0-9-]{10,}
    | npm_[A-Za-z0-9]{30,} | hf_[A-Za-z0-9]{30,} | pypi-[A-Za-z0-9_-]{30,}
    | SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}
    | (?:[ps]k\.)?eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*)?
    )""",
    re.VERBOSE,
)
KEY_BEGINNINGS = (
    "sk", "rk", "pk", "ghp", "gho", "ghu", "ghs", "ghr", "github", "glpat", "akia", "asia", "aiza", "xox", "npm", "hf",
    "pypi", "sg", "eyj", "bearer",
)  # fmt: skip
"""The letters, in lower case, that the keys begin with which `_KEYS` and `_BEARER` find."""

# One BEGIN without an END removes the rest of the text, so no part of a key is left.
_PEM = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]{0,60}-----|\Z)", re.DOTALL)
_BEARER = re.compile(r"(?<![A-Za-z0-9])bearer[ \t:]{1,3}(?P<value>[A-Za-z0-9._~+/-]{16,}=*)", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"://[^\s/:@]{0,64}:(?P<value>[^\s/@]{1,128})@")

_CODE = re.compile(r"[\"']?([0-9]{3,4})(?![0-9A-Za-z]|[.,-][0-9])")
_PIN = re.compile(r"[\"']?([0-9]{4,8})(?![0-9A-Za-z]|[.,/-][0-9])(?! ?(?:feet|ft|miles|mi|km|m|lbs?|kg)\b)")
_OWN_PIN = re.compile(r"(?:my|our|card|debit|credit|atm|bank|phone|sim|account)\s{1,3}$", re.IGNORECASE)
_OWNED = r"(?:bank|card|debit|credit|atm|account|phone|sim|visa|mastercard|amex|paypal|venmo)"
_PIN_PURPOSE = re.compile(
    rf"\s(?:for|of|to)\s(?:(?!{_OWNED}\b)[A-Za-z']{{1,20}}\s){{0,3}}(?:{_OWNED}\s){{1,2}}(?:is\s)?", re.IGNORECASE
)
_BANK_CODE = re.compile(
    rf"\bcode\s(?:from|for|of)\s(?:(?!{_OWNED}\b)[A-Za-z']{{1,20}}\s){{0,3}}{_OWNED}(?:'s)?(?:\sapp)?"
    r"(?:\s(?:is|was)|:)?\s(?P<value>[0-9]{3,8})(?![0-9A-Za-z]|[.,-][0-9])",
    re.IGNORECASE,
)
# Codes that a place gives to all its guests.
_SHARED = re.compile(r"gate|door|entrance|entry|park|campground|lock|building|bath|shower|laundry", re.IGNORECASE)
_SHARED_CHARS = 30
_UNSPACED_VALUE = re.compile(
    r"\s{0,3}(?:是|为|為|は|が|を|은|는|이|가)?\s{0,3}(?::|=>?|->)?\s{0,3}(?P<value>[!-~]{4,64})"
)
_AND = re.compile(r"\s{0,3}(?:,|&|/|and|or|und|oder|et|ou|y|o|e)\s{1,3}(?P<value>[^\s]{4,64})", re.IGNORECASE)
_MAX_VALUES = 10
# "pass" is a mountain's, or a park's, too: it has to begin a line or a clause, or follow the name of a user.
_PASS = re.compile(
    r"(?:(?:^|[\n,;/|(])[ \t]{0,3}pass[ \t]{0,3}[:=]"
    r"|\b(?:user(?:name)?|login)[ \t:=]{1,3}[^\s:=]{1,40}[ \t,;/|]{1,3}pass\b[ \t:=]{0,3})"
    r"[ \t]{0,3}(?P<value>[^\s]{4,64})",
    re.IGNORECASE,
)
_MIN_TOKEN_CHARS = 16
_QUOTED = re.compile(r"\"([^\"\n]{1,200})\"|'([^'\n]{1,200})'|`([^`\n]{1,200})`")
_TOKEN = re.compile(rf"[^\s]{{1,{_MAX_VALUE_CHARS}}}")
_TRAILING = ".,;:)]}\"'"
_BRACKETS = "()[]{}<>*_\"'.,;:!?"
_CLAUSE = re.compile(r"[^\n.;,]{1,200}")
_PHRASE_WORD = re.compile(r"[^\s]+")
_CLAUSE_END = re.compile(r"\s*(?:$|[.,;:!?)\n]|(?:and|but|for|so|on|at|please|thanks|if|in)\b)", re.IGNORECASE)
_REVERSED = re.compile(
    r"(?<!\S)(?P<value>[^\s]{4,64}) (?:is|was|as) (?:my|our|the|your|a) (?:[a-z-]{1,20} ){0,2}"
    r"(?:password|passcode|pin)\b",
    re.IGNORECASE,
)

# What people write after "the password is" that is no password.
# fmt: off
_PLAIN_WORDS = frozenset(
    {
        "a", "about", "also", "always", "an", "and", "anything", "as", "ask", "at", "auf", "available", "bad", "be",
        "because", "been", "being", "blank", "broken", "but", "by", "call", "can", "case-sensitive", "changed",
        "check", "code", "correct", "could", "did", "different", "do", "does", "easy", "empty", "everything",
        "expired", "expiring", "falsch", "fine", "for", "forgotten", "from", "given", "gone", "good", "had", "hard",
        "has", "have", "her", "here", "hidden", "his", "how", "if", "im", "in", "incorrect", "insecure", "invalid",
        "is", "it", "its", "just", "key", "known", "locked", "long", "lost", "may", "missing", "must", "my", "n/a",
        "needed", "never", "new", "nicht", "no", "none", "not", "nothing", "now", "of", "ok", "okay", "old", "on",
        "only", "or", "our", "password", "passwords", "pin", "posted", "printed", "protected", "ready", "really",
        "removed", "required", "reset", "richtig", "right", "safe", "same", "saved", "secret", "secure", "see",
        "sent", "set", "shared", "short", "should", "so", "something", "somewhere", "still", "stored", "strong",
        "tbd", "that", "the", "their", "there", "these", "this", "those", "to", "too", "try", "unavailable",
        "unclear", "unknown", "unter", "use", "valid", "very", "was", "weak", "what", "when", "where", "which",
        "who", "why", "will", "with", "without", "working", "would", "written", "wrong", "your",
    }
)
# fmt: on


_SENTENCE_WORDS = frozenset({"a", "at", "in", "my", "not", "on", "our", "the", "to", "too", "with"})
"""Words of a sentence about a passphrase that few passphrases have."""
# fmt: off
_FUNCTION_WORDS = _SENTENCE_WORDS | frozenset(
    {
        "an", "and", "are", "as", "be", "been", "but", "by", "can", "did", "do", "does", "for", "from", "had", "has",
        "have", "he", "her", "his", "how", "i", "if", "is", "it", "its", "just", "me", "must", "of", "or", "please",
        "she", "should", "so", "than", "thanks", "that", "them", "then", "there", "they", "this", "those", "us",
        "was", "we", "were", "when", "where", "which", "who", "why", "will", "would", "you", "your",
    }
)
# fmt: on
_MIN_PHRASE_WORDS = 4
_MAX_PHRASE_WORDS = 12


def find_credentials(text: str) -> Iterator[Span]:
    """Yield the passwords, PINs, card codes, keys and tokens of a normalized text."""
    for pattern in (_KEYS, _PEM):
        for match in pattern.finditer(text):
            yield (*match.span(), _KEY)
    for match in _BEARER.finditer(text):
        if any(character.isdigit() for character in match["value"]):
            yield (*match.span("value"), _KEY)
    for pattern in (_URL_PASSWORD, _BANK_CODE):
        for match in pattern.finditer(text):
            yield (*match.span("value"), _PASSWORD)
    for pattern in (_REVERSED, _PASS):
        for match in pattern.finditer(text):
            value = match["value"].rstrip(_TRAILING)
            if _is_mixed(value) and (pattern is _REVERSED or _has_letter(value)):
                start = match.start("value")
                yield start, start + len(value), _PASSWORD
    for label in LABEL.finditer(text):
        yield from _find_after(text, label)


def _find_after(text: str, label: "re.Match[str]") -> Iterator[Span]:
    if label["unspaced"]:
        unspaced = _UNSPACED_VALUE.match(text, label.end())
        secret = unspaced["value"].rstrip(_TRAILING) if unspaced else ""
        if unspaced and _is_mixed(secret):
            yield unspaced.start("value"), unspaced.start("value") + len(secret), _PASSWORD
        return
    introduction = find_introduction(text, label.end())
    if introduction is None:
        return
    if label["pin"]:
        yield from _find_pin(text, label, introduction)
    elif label["code"]:
        yield from _find_code(text, label, introduction)
    elif label["token"]:
        token = _TOKEN.match(text, introduction.start)
        value = token[0].rstrip(_TRAILING) if token and introduction.is_stated else ""
        if len(value) >= _MIN_TOKEN_CHARS and value.isascii() and _has_letter(value) and _has_digit(value):
            yield introduction.start, introduction.start + len(value), _KEY
    else:
        yield from _find_values(text, label, introduction, _KEY if label["key"] else _PASSWORD)


def _find_pin(text: str, label: "re.Match[str]", introduction: Introduction) -> Iterator[Span]:
    before = text[max(0, label.start() - 12) : label.start()]
    is_stated = introduction.is_stated or bool(label["pin_number"] or _OWN_PIN.search(before) or label[0] == "PIN")
    purpose = _PIN_PURPOSE.match(text, label.end())
    for start in (introduction.start, *([purpose.end()] if purpose else [])):
        code = _PIN.match(text, start)
        if code and (is_stated or start != introduction.start):
            yield (*code.span(1), _PASSWORD)
            return


def _find_code(text: str, label: "re.Match[str]", introduction: Introduction) -> Iterator[Span]:
    code = _CODE.match(text, introduction.start)
    around = text[max(0, label.start() - _SHARED_CHARS) : introduction.start + _SHARED_CHARS]
    is_shared = label["code"].lower() == "security code" and _SHARED.search(around)
    if code and not is_shared:
        yield (*code.span(1), _CARD_CODE)


def _find_values(text: str, label: "re.Match[str]", introduction: Introduction, kind: str) -> Iterator[Span]:
    """Yield the value after a label for a password or a key; after one in the plural, also those that follow it."""
    start, is_stated, is_marked = introduction.start, introduction.is_stated, introduction.is_marked
    if quoted := _QUOTED.match(text, start):
        if is_stated or _is_mixed(quoted[quoted.lastindex or 0]):
            yield (*quoted.span(quoted.lastindex or 0), kind)
        return
    if "phrase" in label[0].lower() and is_stated:
        clause = _CLAUSE.match(text, start)
        if clause and clause[0].strip() and (is_marked or _is_passphrase(clause[0])):
            yield start, start + len(clause[0].rstrip()), kind
        return
    token = _TOKEN.match(text, start)
    value = token[0].rstrip(_TRAILING) if token else ""
    if not value:
        return
    if not _is_mixed(value):
        if is_stated and (phrase := _phrase(text, start, is_marked=is_marked)):
            yield start, start + phrase, kind
        elif is_stated and _is_plain_secret(text, start + len(value), value, is_marked=is_marked):
            yield start, start + len(value), kind
        return
    if label[0].lower() == "pw" and not (is_marked or (_has_letter(value) and _has_digit(value))):
        return
    yield start, start + len(value), kind
    end = start + len(value)
    for _ in range(_MAX_VALUES if label[0].lower().endswith(("s", "en")) else 0):
        following = _AND.match(text, end)
        value = following["value"].rstrip(_TRAILING) if following else ""
        if following is None or not (_is_mixed(value) and _has_letter(value)):
            return
        end = following.start("value") + len(value)
        yield following.start("value"), end, kind


def _phrase(text: str, start: int, *, is_marked: bool) -> int:
    """Return the length of a password of several words, up to the end of its clause; 0 where it is no such.

    After a mark it ends before a word that a sentence goes on with. After a verb all words have to be of a passphrase.
    """
    clause = _CLAUSE.match(text, start)
    words = list(_PHRASE_WORD.finditer(clause[0])) if clause else []
    lowered = [word[0].lower() for word in words]
    ends = next((index for index, word in enumerate(lowered) if word in _FUNCTION_WORDS), len(words))
    own = sum(word not in _PLAIN_WORDS for word in lowered[:ends])
    is_whole = ends == len(words) <= _MAX_PHRASE_WORDS
    if is_marked:
        # One that begins with a usual word is one only if the others aren't usual: "password: reset again".
        is_phrase = 2 <= ends <= _MAX_PHRASE_WORDS and own >= 2 and (lowered[0] not in _PLAIN_WORDS or own >= 3)
    else:
        is_phrase = is_whole and ends >= _MIN_PHRASE_WORDS and own >= _MIN_PHRASE_WORDS - 1
    return words[ends - 1].end() if is_phrase else 0


def _has_letter(value: str) -> bool:
    return any(character.isalpha() for character in value)


def _has_digit(value: str) -> bool:
    return any(character.isdigit() for character in value)


def _is_mixed(value: str) -> bool:
    """Return whether no word looks like this: digits, symbols or capitals within; amounts of money are none."""
    if value[:1] in "$€£" or len(value) < 4:
        return False
    word = value.strip(_BRACKETS).replace("'", "").replace("-", "").replace("/", "")
    if not word:
        return False
    return not word.isalpha() or not (word.islower() or word.isupper() or word.istitle())


def _is_passphrase(clause: str) -> bool:
    words = clause.lower().split()
    return bool(words) and (words[0] not in _PLAIN_WORDS or len(words) > 2) and _SENTENCE_WORDS.isdisjoint(words)


def _is_plain_secret(text: str, end: int, value: str, *, is_marked: bool) -> bool:
    """Return whether a word, such as "monkey", is stated as a password: no usual word, and nothing goes on from it."""
    if value.lower().rstrip("'") in _PLAIN_WORDS:
        return False
    return is_marked or bool(_CLAUSE_END.match(text, end))
