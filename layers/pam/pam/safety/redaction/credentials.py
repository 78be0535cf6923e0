"""Passwords, PINs and card codes by the words around them; keys and tokens by their shape."""

import re
from collections.abc import Iterator

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
# One BEGIN without an END removes the rest of the text, so no part of a key is left.
_PEM = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]{0,60}-----|\Z)", re.DOTALL)
_BEARER = re.compile(r"(?<![A-Za-z0-9])bearer[ \t:]{1,3}(?P<value>[A-Za-z0-9._~+/-]{16,}=*)", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"://[^\s/:@]{0,64}:(?P<value>[^\s/@]{1,128})@")

_WORDS_BEFORE = (
    r"pass ?words?|pass ?codes?|pass ?phrases?|passwd|pwd|passw|kennwort|passwort|contrase(?:ñ|n)a|mot de passe|senha"
    r"|(?:seed|recovery) phrase|(?:one[- ]time|2fa|otp|verification) (?:pass)?code|otp"
)
_KEY_WORDS = (
    r"api[ _-]?keys?|(?:secret|private|access|auth|api)[ _-](?:access[ _-])?(?:keys?|tokens?)|client[ _-]secret"
)
_LABEL = re.compile(
    rf"""(?<![A-Za-z0-9])(?:[A-Za-z0-9]{{1,20}}[_-])?(?:
      (?P<code>cvv2?|cvc2?|cvn|card\ security\ code)
    | (?P<pin>pin(?:\ ?(?:code|number|no\.?))?)
    | (?P<key>{_KEY_WORDS})
    | (?P<password>{_WORDS_BEFORE.replace(" ", chr(92) + " ")})
    )(?![A-Za-z0-9])""",
    re.IGNORECASE | re.VERBOSE,
)
_CODE = re.compile(r"[\"']?([0-9]{3,4})(?![0-9A-Za-z]|[.,-][0-9])")
_PIN = re.compile(r"[\"']?([0-9]{4,8})(?![0-9A-Za-z]|[.,/-][0-9])(?! ?(?:feet|ft|miles|mi|km|m|lbs?|kg)\b)")
_OWN_PIN = re.compile(r"(?:my|our|card|debit|credit|atm|bank|phone|sim|account)\s{1,3}$", re.IGNORECASE)
_MARK = re.compile(r"[\"']?\s{0,3}(?::|=>?|->)\s{0,3}")
# "password is", "password for the campground app is", "password: " and the like; German, French and Spanish verbs, too.
_VERB = re.compile(
    r"(?:\s{1,3}(?:for|to|of|at|on|in|für|de|para)(?:\s{1,3}[^\s:=]{1,30}){1,4}?)?"
    r"(?:\s{1,3}(?:is|was|ist|lautet|est|es|now)(?:\s{1,3}(?:now|still|just|also|currently))?|'s)"
    r"\s{0,3}:?\s{1,3}",
    re.IGNORECASE,
)
_MARK_AFTER_PURPOSE = re.compile(
    r"\s{1,3}(?:for|to|of|at|on|in|für|de|para)(?:\s{1,3}[^\s:=]{1,30}){1,4}?\s{0,3}[:=]\s{0,3}", re.IGNORECASE
)
_SPACE = re.compile(r"\s{1,3}(?:to\s{1,3})?")
_QUOTED = re.compile(r"\"([^\"\n]{1,200})\"|'([^'\n]{1,200})'|`([^`\n]{1,200})`")
_TOKEN = re.compile(rf"[^\s]{{1,{_MAX_VALUE_CHARS}}}")
_TRAILING = ".,;:)]}\"'"
_BRACKETS = "()[]{}<>*_\"'.,;:!?"
_CLAUSE = re.compile(r"[^\n.;,]{1,200}")
_CLAUSE_END = re.compile(r"\s*(?:$|[.,;:!?)\n]|(?:and|but|for|so|on|at|please|thanks|if|in)\b)", re.IGNORECASE)
_REVERSED = re.compile(
    r"(?<!\S)(?P<value>[^\s]{4,64}) (?:is|was) (?:my|our|the) (?:[a-z-]{1,20} ){0,2}(?:password|passcode|pin)\b",
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


def find_credentials(text: str) -> Iterator[Span]:
    """Yield the passwords, PINs, card codes, keys and tokens of a normalized text."""
    for pattern in (_KEYS, _PEM):
        for match in pattern.finditer(text):
            yield (*match.span(), _KEY)
    for match in _BEARER.finditer(text):
        if any(character.isdigit() for character in match["value"]):
            yield (*match.span("value"), _KEY)
    for match in _URL_PASSWORD.finditer(text):
        yield (*match.span("value"), _PASSWORD)
    for match in _REVERSED.finditer(text):
        if _is_mixed(match["value"]):
            yield (*match.span("value"), _PASSWORD)
    for label in _LABEL.finditer(text):
        yield from _find_after(text, label)


def _find_after(text: str, label: "re.Match[str]") -> Iterator[Span]:
    end = label.end()
    if mark := _MARK.match(text, end) or _MARK_AFTER_PURPOSE.match(text, end):
        start, is_stated, is_marked = mark.end(), True, True
    elif verb := _VERB.match(text, end):
        start, is_stated, is_marked = verb.end(), True, False
    elif space := _SPACE.match(text, end):
        start, is_stated, is_marked = space.end(), False, False
    else:
        return
    if label["code"] or label["pin"]:
        before = text[max(0, label.start() - 12) : label.start()]
        is_stated = is_stated or bool(label["code"] or _OWN_PIN.search(before))
        code = (_CODE if label["code"] else _PIN).match(text, start)
        if code and is_stated:
            yield (*code.span(1), _CARD_CODE if label["code"] else _PASSWORD)
        return
    kind = _KEY if label["key"] else _PASSWORD
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
    if _is_mixed(value) or (is_stated and _is_plain_secret(text, start + len(value), value, is_marked=is_marked)):
        yield start, start + len(value), kind


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
