"""The policy of a turn: which writes require approval, and whose words their arguments must come from.

It is deterministic and doesn't depend on what a model makes of a text. Once a text of third parties is in the turn's
prompt, the model's calls may be their author's idea. So writes of memory, settings and the profile require approval,
and the user's other own writes do unless the traveller's words have their figures and texts; recipients and links must
be in the traveller's words. What others get, or what can't be undone, always requires approval, and in a restricted
turn every write does.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from pam.memory.words import is_unspaced
from pam.platform.errors import UNTRUSTED_LINK, UNTRUSTED_RECIPIENT, PamError
from pam.safety.figures.notation import GROUP_SPACES, read_number
from pam.safety.links import find_links
from pam.tools.engine.definition import EffectKind, Tool

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(rf"\d{{1,3}}(?:[ '’{GROUP_SPACES}]\d{{3}})+(?:[.,]\d+)?|\d+(?:[.,]\d+)*")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?)?")
_QUOTES = str.maketrans("’‘`´", "''''")

_SIGN = re.compile(r"[^\w\s.,;:!?'\"()&/%+$€£–—-]")
"""Signs that can say something by themselves, such as emoji."""


class TurnPolicy:
    """The policy of one turn. `is_restricted` is asked when an effect starts, and may wait for it to be decided."""

    def __init__(
        self,
        user_texts: Collection[str],
        *,
        is_tainted: bool,
        has_recalled: bool,
        is_restricted: Callable[[], bool],
        check_enabled: Callable[[str], None],
    ) -> None:
        """`user_texts` is what the traveller wrote in this conversation; `is_tainted` if its prompt has others' texts.

        `has_recalled` is whether it has recalled messages: they may quote others, and are the traveller's own mostly.
        `check_enabled` raises `PamError` for the name of a tool that is switched off.
        """
        text = "\n".join(user_texts)
        self._text = _fold(text)
        self._row = _spaced_words(text)
        self._words = frozenset(_WORD.findall(self._text))
        self._numbers = frozenset(value for match in _NUMBER.finditer(text) for value, _ in read_number(match[0]))
        self._links = find_links(text)
        self._is_restricted = is_restricted
        self.is_tainted = is_tainted
        self._has_recalled = has_recalled
        self.check_enabled = check_enabled
        self.refusals: list[str] = []
        """The codes of the errors for refused writes."""

    def taint(self) -> None:
        """Note that texts of third parties are in the prompt of what the model writes from now on."""
        self.is_tainted = True

    def requires_approval(self, tool: Tool[Any], arguments: BaseModel, *, is_tainted: bool) -> bool:
        """Return whether the traveller has to approve a write. `is_tainted` is as of when the model wrote the call.

        Raises `PamError` for a write that isn't possible at all: `untrusted_recipient`, `untrusted_link`.
        """
        if tool.effect is EffectKind.READ:
            return False
        try:
            return self._requires_approval(tool, arguments, is_tainted=is_tainted)
        except PamError as error:
            self.refusals.append(error.error.code)
            raise

    def _requires_approval(self, tool: Tool[Any], arguments: BaseModel, *, is_tainted: bool) -> bool:
        is_restricted = self._is_restricted()
        is_foreign = is_tainted or self._has_recalled
        if is_foreign or is_restricted:
            self._check_recipients(tool, arguments)
            self._check_links(arguments)
        if tool.effect.requires_approval or is_restricted:
            return True
        is_lasting = tool.writes_memory or tool.changes_settings
        if is_tainted:
            return is_lasting or not self._is_from_user(arguments)
        if not self._has_recalled or not is_lasting:
            return False
        return not self._is_from_user(arguments, with_choices=tool.changes_settings)

    def _check_recipients(self, tool: Tool[Any], arguments: BaseModel) -> None:
        for name in tool.recipients:
            recipient = _spaced_words(str(getattr(arguments, name)))
            if recipient not in self._row and not (is_unspaced(recipient) and recipient.strip() in self._text):
                raise PamError(
                    UNTRUSTED_RECIPIENT,
                    "PAM only writes to people whom you have named yourself. Say to whom, in your own words.",
                )

    def _check_links(self, arguments: BaseModel) -> None:
        for text in _leaves(arguments.model_dump()):
            if isinstance(text, str) and not self._links.issuperset(find_links(text)):
                raise PamError(
                    UNTRUSTED_LINK,
                    "PAM only passes on links and addresses that you wrote yourself. Write it, if you want it in.",
                )

    def _is_from_user(self, arguments: BaseModel, *, with_choices: bool = False) -> bool:
        """Return whether the traveller's words have all figures, names of rows and texts of the arguments.

        With `with_choices` also what is chosen from a list, such as an audience or a currency.
        """
        values = arguments.model_dump(exclude_defaults=True)
        if with_choices:
            return all(map(self._is_chosen_by_user, _leaves(values)))
        values.pop("currency", None)  # it is written as a symbol mostly
        return all(map(self._is_known, _leaves(values)))

    def _is_chosen_by_user(self, value: Any) -> bool:
        if isinstance(value, bool):
            return False  # no word says it
        return self._is_known(str(value.value) if isinstance(value, Enum) else value)

    def _is_known(self, value: Any) -> bool:
        if isinstance(value, bool | Enum):
            return True  # choices from a list, which can be undone, as days can
        if isinstance(value, int | float | Decimal):
            return float(value) in self._numbers
        if isinstance(value, UUID):
            return str(value) in self._text
        if isinstance(value, str):
            if not value:
                return False  # it removes what is there, which no words can say
            if _DAY.fullmatch(value):
                return True
            return (
                all(map(self._has_word, _WORD.findall(_fold(value))))
                and all(sign in self._text for sign in _SIGN.findall(_fold(value)))
                and all(map(self._has_number, _NUMBER.findall(value)))
            )
        return True

    def _has_word(self, word: str) -> bool:
        return word in self._words or (is_unspaced(word) and word in self._text)

    def _has_number(self, written: str) -> bool:
        return any(value in self._numbers for value, _ in read_number(written))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _leaves(each)
    elif value is not None:
        yield value


def _fold(text: str) -> str:
    """Return a text without differences in case, accents, and the forms of apostrophes."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_QUOTES)).casefold()
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _spaced_words(text: str) -> str:
    """Return the words of a text, each between spaces: a row of them is part of another's as a whole."""
    return f" {' '.join(_WORD.findall(_fold(text)))} "
