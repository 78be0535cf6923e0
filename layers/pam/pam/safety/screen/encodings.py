"""Texts that are written in another encoding within a message: they are read as the model would read them."""

import base64
import binascii
import codecs
import re
from collections.abc import Iterator

from pam.safety.screen.languages import COMMON_WORDS

MAX_DECODED = 3
"""Encoded parts of a message that are read."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,2000}={0,2}")
_BASE32 = re.compile(r"[A-Z2-7]{24,}")
# The codes of ASCII letters and punctuation: others begin with other digits. The first code stands outside of the
# repetition, so that the search skips what begins with another character.
_HEX_CODE = r"[2-7][0-9a-fA-F](?:[ ,:]|[ ,]?0x|\\x)?"
_HEX = re.compile(rf"{_HEX_CODE}(?:{_HEX_CODE}){{9,999}}")
_BINARY = re.compile(r"0[01]{7}\s?(?:0[01]{7}\s?){4,249}")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_PERCENT_RUN = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_ESCAPE = re.compile(r"\\u\{?([0-9a-fA-F]{2,6})\}?|\\x([0-9a-fA-F]{2})")
_MIN_ESCAPES = 4

_WORDS = re.compile(r"[a-z]+")
_MIN_CIPHER_WORDS = 3
_CIPHER_CHARS = 400
"""The beginning of a reading decides whether it is one."""


def decode_parts(text: str) -> list[str]:
    """Return the readable texts that parts of the message encode: base64, base32, hexadecimal and binary digits."""
    decoded: list[str] = []
    for candidate in _candidates(text):
        if candidate is not None and _is_readable(candidate):
            decoded.append(candidate.decode())
            if len(decoded) == MAX_DECODED:
                break
    return decoded


def unescape(text: str) -> str:
    """Return the text with percent-encoded and backslash-escaped characters resolved, where there are several."""
    if text.count("%") >= _MIN_ESCAPES and len(_PERCENT.findall(text)) >= _MIN_ESCAPES:
        # Not by urllib.parse: it takes a fifth of the time to load the screen.
        text = _PERCENT_RUN.sub(lambda match: bytes.fromhex(match[0].replace("%", "")).decode(errors="ignore"), text)
    if text.count("\\") >= _MIN_ESCAPES and len(_ESCAPE.findall(text)) >= _MIN_ESCAPES:
        text = _ESCAPE.sub(lambda match: _character(match[1] or match[2]), text)
    return text


def decode_cipher(text: str) -> str | None:
    """Return what a lower-case text says in ROT13, reversed, or with each word reversed; None for a plain text."""
    beginning = text[:_CIPHER_CHARS]
    words = _WORDS.findall(beginning)
    plain = _count_common(words)
    if len(words) < _MIN_CIPHER_WORDS or plain * 4 >= len(words):
        return None
    reversed_words = " ".join([word[::-1] for word in text.split()])
    readings = [codecs.encode(beginning, "rot13"), text[::-1], reversed_words]
    counts = [_count_common(_WORDS.findall(reading[:_CIPHER_CHARS])) for reading in readings]
    best = max(counts)
    # Short words are words in both directions now and then.
    if best * 5 < len(words) or best < 2 * plain + 2:
        return None
    reading = counts.index(best)
    return codecs.encode(text, "rot13") if reading == 0 else readings[reading]


def _candidates(text: str) -> Iterator[bytes | None]:
    for match in _BASE64.finditer(text):
        if len(set(match[0])) >= 8:
            yield _try_base64(match[0])
            if _BASE32.match(match[0]):
                yield _try_base32(match[0])
    for match in _HEX.finditer(text):
        digits = re.sub(r"0x|\\x|[ ,:]", "", match[0])
        yield bytes.fromhex(digits[: len(digits) // 2 * 2])
    for match in _BINARY.finditer(text):
        bits = "".join(match[0].split())
        yield bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


def _try_base64(token: str) -> bytes | None:
    token = token.rstrip("=").replace("-", "+").replace("_", "/")
    if len(token) % 4 == 1:
        token = token[:-1]
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None


def _try_base32(token: str) -> bytes | None:
    token = token.rstrip("=")
    try:
        return base64.b32decode(token + "=" * (-len(token) % 8))
    except (binascii.Error, ValueError):
        return None


def _is_readable(data: bytes) -> bool:
    """Return whether bytes are a text with letters and spaces mostly."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    if len(text) < 10 or not all(character.isprintable() or character in "\n\t\r" for character in text):
        return False
    return sum(character.isalpha() or character == " " for character in text) >= 0.8 * len(text)


def _character(code: str) -> str:
    number = int(code, 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else ""


def _count_common(words: list[str]) -> int:
    return sum(map(COMMON_WORDS.__contains__, words))
