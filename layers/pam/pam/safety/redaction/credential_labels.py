"""The words that announce a password, a PIN, a code or a key, and those that connect them with it."""

import re
from dataclasses import dataclass

# The letters of the labels' scripts: a label is no part of a longer word.
_LETTER = r"[A-Za-z0-9\u00c0-\u024f\u0370-\u052f]"
# Without accents where a text has them as characters of their own, which are removed before.
_WORDS_BEFORE = (
    r"pass ?words?|pass ?codes?|pass ?phrases?|passwd|pwd|passw|pswd|psw|pw"
    r"|(?:seed|recovery) phrase|(?:one[- ]time|2fa|otp|verification) (?:pass)?code|otp"
    r"|kennw(?:ort|(?:ö|o)rter)|passw(?:ort|(?:ö|o)rter)|contrase(?:ñ|n)as?|contrasenya|mots? de passe"
    r"|senhas?|palavra-passe|parol(?:a d'ordine|ă)|wachtwoord(?:en)?|l(?:ö|o)senord(?:et)?|passord(?:et)?"
    r"|adgangskode(?:n)?|kodeord(?:et)?|salasana(?:ni)?|has(?:ł|l)o|heslo|jelsz(?:ó|o)|(?:ş|s)ifre(?:m|miz)?"
    r"|парол(?:ь|я|ю|ем|и|а)|κωδικ(?:ό|ο)ς|m(?:ậ|a)t kh(?:ẩ|a)u|kata sandi"
)
# Before or after them is no space. Signs for vowels and tones are removed before.
_UNSPACED_WORDS = "密码|密碼|口令|パスワード|暗証番号|비밀번호|암호|รหสผาน|كلمة المرور|كلمة السر|סיסמה|पासवरड"
_KEY_WORDS = (
    r"api[ _-]?keys?|(?:secret|private|access|auth|api)[ _-](?:access[ _-])?(?:keys?|tokens?)|client[ _-]secret"
)
LABEL = re.compile(
    rf"""(?<!{_LETTER})(?:[A-Za-z0-9]{{1,20}}[_-])?(?:
      (?P<code>cvv2?|cvc2?|cvn|card\ security\ code|security\ code)
    | (?P<pin>pins?(?P<pin_number>\ ?(?:code|number|no\.?))?)
    | (?P<key>{_KEY_WORDS})
    | (?P<token>tokens?|secret|key)
    | (?P<password>{_WORDS_BEFORE.replace(" ", chr(92) + " ")})
    )(?!{_LETTER})
    | (?P<unspaced>{_UNSPACED_WORDS.replace(" ", chr(92) + " ")})""",
    re.IGNORECASE | re.VERBOSE,
)
_MARK = re.compile(r"[\"']?\s{0,3}(?::|=>?|->)\s{0,3}")
_DASH = re.compile(r"\s-\s")
_PREPOSITIONS = r"for|to|of|at|on|in|from|with|für|von|de|du|para|per|pour|voor|för"
_CLAUSES = r"we|i|you|they|he|she|that|which"
_PURPOSE = rf"\s{{1,3}}(?:{_PREPOSITIONS}|{_CLAUSES})(?:\s{{1,3}}[^\s:=]{{1,30}}){{1,4}}?"
_BRACKET = r"\s{0,2}\([^()\n]{1,40}\)"
_CHANGED = r"(?:(?:has|have|was|is)\s{1,3})?(?:been\s{1,3})?(?:changed|set|reset|updated|switched)\s{1,3}to"
# "password is", "password for the campground app is", "the password we use is" and the like, and the verbs of other
# languages.
_VERB = re.compile(
    rf"(?:{_PURPOSE}|{_BRACKET})?"
    rf"(?:\s{{1,3}}(?:{_CHANGED}|is|was|are|were|remains?|stays?|became|ist|war|sind|lautet|est|sont|es|son|era|è|e'|é|são"
    r"|är|er|jest|to|это|есть|είναι|now(?!\s{1,3}(?:is|was|are)\b))(?:\s{1,3}(?:now|still|just|also|currently|set\s{1,3}to))?|'s)"
    r"\s{0,3}:?\s{1,3}",
    re.IGNORECASE,
)
_MARK_AFTER_PURPOSE = re.compile(rf"(?:{_PURPOSE}|{_BRACKET})\s{{0,3}}(?::|=>?|->)\s{{0,3}}", re.IGNORECASE)
_SPACE = re.compile(r"\s{1,3}(?:to\s{1,3})?")


@dataclass(frozen=True)
class Introduction:
    """Where the value after a label may begin; how certain it is that it's one."""

    start: int
    is_stated: bool
    is_marked: bool


def find_introduction(text: str, end: int) -> Introduction | None:
    """Return what follows a label that ends at `end`; None where no value can follow."""
    if mark := _MARK.match(text, end) or _MARK_AFTER_PURPOSE.match(text, end):
        return Introduction(mark.end(), is_stated=True, is_marked=True)
    if verb := _VERB.match(text, end):
        return Introduction(verb.end(), is_stated=True, is_marked=False)
    if space := _DASH.match(text, end) or _SPACE.match(text, end):
        return Introduction(space.end(), is_stated=False, is_marked=False)
    return None
