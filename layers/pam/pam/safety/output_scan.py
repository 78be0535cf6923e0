"""The scan of Claude's text before it is sent: what could carry data out of the conversation is taken out.

Links and images lead only to hosts of an allow-list, or are the traveller's own; ids and secrets are replaced. A text
that repeats PAM's instructions isn't sent at all. It works on a stream: only what may be the beginning of such a part
is held back.
"""

import re
from collections import Counter, deque
from collections.abc import Collection
from urllib.parse import unquote, urlsplit

from pam.platform.errors import ANSWER_WITHHELD, PamError
from pam.safety.links import find_links
from pam.safety.redaction import redact
from pam.safety.redaction.credentials import KEY_BEGINNINGS

_SLASHES = re.compile(r"[/\\]{2}")

ALLOWED_HOSTS = frozenset(
    {
        "blm.gov",
        "ecb.europa.eu",
        "eia.gov",
        "fs.usda.gov",
        "mapbox.com",
        "nps.gov",
        "open-meteo.com",
        "openstreetmap.org",
        "pc.gc.ca",
        "recreation.gov",
        "weather.gov",
    }
)
"""Hosts, with their subdomains, of PAM's sources and of public authorities for travellers."""

CANARY = "marlin-5583-orchard"
"""A word of the system prompt that nobody has a reason to write: an answer that has it repeats the instructions."""

MIN_LEAKED_WORDS = 10
"""A row of so many words of the instructions is a leak."""

MAX_CARD_CHARS = 32

MAX_HELD_CHARS = 600
"""The longest beginning of a link that is held back; Markdown of a longer one is broken."""

_WORD = re.compile(r"[^\W_]+")
_IMAGE_OR_LINK = re.compile(
    r"(!?)\[([^\[\]\n]{0,300})\]\(\s*<?([^()\s<>]{0,500}(?:\([^()\s]{0,100}\))?)>?[^()\n]{0,120}\)"
)
# Links in every other writing that Markdown knows: they are made plain text.
_LINK_SYNTAX = re.compile(r"\](?=[(\[])|\](?=:)|!(?=\[)")
_AUTOLINK = re.compile(r"<\s*([a-z][a-z0-9+.-]{1,30}:[^\s<>]*)>", re.IGNORECASE)
_BARE_LINK = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,10}:[/\\]{2,}[^\s<>()\[\]\"'`|]+|\b(?:https?|mailto|ftp):[^\s<>()\[\]\"'`|]+"
    r"|(?<![\w/:])[/\\]{2}[^\W_][\w-]*\.[^\s<>()\[\]\"'`|]+|\bwww\.[^\s<>()\[\]\"'`|]+",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"(?<!\S)\d[\d -]*\Z")
_ENDED = re.compile(r".*[\W_]", re.DOTALL)
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
_OPEN = re.compile(r"!?\[[^\[\]\n]*(?:\](?:\([^()\n]*(?:\([^()\n]*\)?[^()\n]*)?)?)?\Z|[!\]]\Z|<[^\s<>]*\Z")
_TARGET = re.compile(r"[:/\\&.#]")
"""What the target of a link has, and an index of code hasn't."""
_REMOVED_LINK = "[link removed]"
_PLAIN_WORD = re.compile(r"[(\"'*_-]*([^\W\d_]{2,})[.,;:?)\"'*_]*")
_HEXADECIMAL = re.compile(r"[a-f]+")
_RISKY_BEGINNINGS = ("www", "http", "ftp", "mailto", CANARY, *KEY_BEGINNINGS)
"""How links, ids and keys begin: a word that may become one of them is held back."""


class InstructionLeak(PamError):
    """Claude's text repeats PAM's instructions."""

    def __init__(self) -> None:
        super().__init__(ANSWER_WITHHELD, "PAM stopped that answer, since it wasn't meant for you. Ask in other words.")


class Instructions:
    """The system prompt as rows of words, with `CANARY` in it."""

    def __init__(self, text: str) -> None:
        assert CANARY in text
        words = _words(text)
        self.rows = frozenset(
            tuple(words[at : at + MIN_LEAKED_WORDS]) for at in range(len(words) - MIN_LEAKED_WORDS + 1)
        )


class OutputScan:
    """Scans the text of one turn, piece by piece. `findings` counts what was taken out, by kind."""

    def __init__(self, instructions: Instructions, user_texts: Collection[str]) -> None:
        """`user_texts` is what the traveller wrote in this conversation: their links are their own."""
        self._instructions = instructions
        self._user_links = find_links("\n".join(user_texts))
        self._held = ""
        self._partial_word = ""
        self._last_words: deque[str] = deque(maxlen=MIN_LEAKED_WORDS - 1)
        self.findings: Counter[str] = Counter()

    @property
    def is_leaked(self) -> bool:
        """Whether the text repeated the instructions, and was ended."""
        return bool(self.findings["instructions"])

    def feed(self, text: str) -> str:
        """Return what may be sent of the text so far and wasn't returned yet. Raises `InstructionLeak`."""
        self._held += text
        end = _safe_end(self._held)
        if len(self._held) - end > MAX_HELD_CHARS:
            end = len(self._held)
        ready, self._held = self._held[:end], self._held[end:]
        return self._scan(ready)

    def flush(self) -> str:
        """Return what was held back, at the end of a text. Raises `InstructionLeak`."""
        ready, self._held = self._held, ""
        return self._scan(ready)

    def clean(self, text: str) -> str:
        """Return a whole text without what must not be sent; nothing is counted."""
        parts, end = [], 0
        for match in _IMAGE_OR_LINK.finditer(text):
            if match[1] or _TARGET.search(match[3]):
                parts.append(self._clean_plain(text[end : match.start()]))
                parts.append(match[0] if self._is_allowed_link(match) else self._clean_plain(match[2]))
                end = match.end()
        parts.append(self._clean_plain(text[end:]))
        return redact(_UUID.sub("[id removed]", "".join(parts)))

    def _clean_plain(self, text: str) -> str:
        """Return a text between links that stay: without bare links, and without what Markdown could read as links."""
        text = _AUTOLINK.sub(lambda match: match[0] if self._is_allowed(match[1]) else _REMOVED_LINK, text)
        text = _BARE_LINK.sub(lambda match: match[0] if self._is_allowed(match[0]) else _REMOVED_LINK, text)
        return _LINK_SYNTAX.sub(lambda match: "] " if match[0] == "]" else "! ", text)

    def _scan(self, text: str) -> str:
        if not text:
            return text
        self._check_leak(text)
        cleaned = self.clean(text)
        if cleaned != text:
            self._count(text)
        return cleaned

    def _check_leak(self, text: str) -> None:
        text = self._partial_word + text
        words = [*self._last_words, *_words(text)]
        rows = self._instructions.rows
        if any(words[at : at + len(_CANARY_WORDS)] == _CANARY_WORDS for at in range(len(words))) or any(
            tuple(words[at : at + MIN_LEAKED_WORDS]) in rows for at in range(len(words) - MIN_LEAKED_WORDS + 1)
        ):
            self.findings["instructions"] += 1
            raise InstructionLeak
        # The text may go on within its last word.
        ended = _ENDED.match(text)
        complete = ended[0] if ended else ""
        self._partial_word = text[len(complete) :]
        self._last_words.extend(_words(complete))

    def _count(self, text: str) -> None:
        for match in _IMAGE_OR_LINK.finditer(text):
            if (match[1] or _TARGET.search(match[3])) and not self._is_allowed_link(match):
                self.findings["image" if match[1] else "link"] += 1
        remaining = _IMAGE_OR_LINK.sub("", text)
        links = [*_AUTOLINK.findall(remaining), *_BARE_LINK.findall(_AUTOLINK.sub("", remaining))]
        self.findings["link"] += sum(not self._is_allowed(link) for link in links)
        self.findings["id"] += len(_UUID.findall(text))
        self.findings["secret"] += redact(text) != text
        self.findings = +self.findings

    def _is_allowed_link(self, match: re.Match[str]) -> bool:
        return not match[1] and self._is_allowed(match[3])

    def _is_allowed(self, link: str) -> bool:
        links = find_links(link)
        if links and links <= self._user_links:
            return True
        if not link.isprintable() or any(mark in link for mark in "\\&;"):
            return False  # browsers read these otherwise than we do
        try:
            parts = urlsplit(link if ":" in link else f"https://{link.removeprefix('//')}")
            host = (parts.hostname or "").rstrip(".")
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or "@" in parts.netloc:
            return False
        # A page of an allowed host may lead on to an address that is a part of its own.
        if _SLASHES.search(unquote(unquote(f"{parts.path}?{parts.query}#{parts.fragment}"))):
            return False
        return any(host == allowed or host.endswith(f".{allowed}") for allowed in ALLOWED_HOSTS)


def _safe_end(text: str) -> int:
    """Return up to where a text can't be the beginning of anything that is taken out."""
    end = _before_open_link(text, len(text))
    tail = max(text.rfind(" ", 0, end), text.rfind("\n", 0, end)) + 1
    if not _is_plain(text[tail:end]):
        end = tail
    # Groups of digits may become a card's number.
    digits = _DIGITS.search(text[max(0, end - MAX_CARD_CHARS) : end])
    # The last word may be the end of a link whose label has spaces.
    return _before_open_link(text, end if digits is None else end - len(digits[0]))


def _before_open_link(text: str, end: int) -> int:
    """Return where a link begins that is open at `end`; `end` where none is."""
    opened = _OPEN.search(text[max(0, end - MAX_HELD_CHARS - 1) : end])
    return end if opened is None else end - len(opened[0])


def _is_plain(tail: str) -> bool:
    """Return whether the last word of a text may be sent, although more of it may follow."""
    if not tail:
        return True
    match = _PLAIN_WORD.fullmatch(tail)
    if match is None:
        return False
    word = match[1].casefold()
    return not _HEXADECIMAL.fullmatch(word) and not any(
        start.startswith(word) or word.startswith(start) for start in _RISKY_BEGINNINGS
    )


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


_CANARY_WORDS = _words(CANARY)
