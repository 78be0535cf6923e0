"""Print the SQL function `skeleton` for a migration, with the confusable characters of the installed ICU.

    .venv/bin/python -m local.confusables

ICU (`pyicu-wheels`) is needed here and in tests only; at run time Postgres computes skeletons.
"""

import json
from collections.abc import Iterator

import icu

_NFD = icu.Normalizer2.getNFDInstance()
_NFKC = icu.Normalizer2.getNFKCInstance()

# Characters that show nothing but room, although they are neither white space nor ignorable for Unicode: the empty
# Braille pattern, the Khitan filler, two blank hieroglyphs and the musical null notehead.
_BLANK = dict.fromkeys("\u2800\U00016fe4\U00013441\U00013442\U0001d159", " ")

_PAIRS_PER_LINE = 6

_FUNCTION = """\
-- The skeleton of a name by Unicode's UTS 39, after NFKC: names that look alike have the same. The characters are those
-- of ICU {icu_version}, Unicode {unicode_version}, by `python -m local.confusables`.
-- Copyright 1991-2024 Unicode, Inc. and others. Unicode License v3: https://www.unicode.org/license.txt
create function skeleton(name text) returns text language plpgsql immutable strict parallel safe as $skeleton$
declare
    invisible constant text := '[{invisible}]';
    prototypes constant jsonb := '
{prototypes}
';
begin
    return (
        select btrim(regexp_replace(normalize(coalesce(string_agg(coalesce(prototypes ->> letter, letter), ''
                                                                  order by position), ''), nfd), '\\s+', ' ', 'g'))
          from string_to_table(regexp_replace(normalize(normalize(name, nfkc), nfd), invisible, '', 'g'), null)
               with ordinality as letters (letter, position)
    );
end
$skeleton$;
"""


def exact_skeleton(name: str) -> str:
    """Return ICU's skeleton of a name after NFKC, with single spaces: what the function in Postgres returns."""
    skeleton = icu.SpoofChecker().getSkeleton(0, _NFKC.normalize(name))
    return " ".join(skeleton.translate(str.maketrans(_BLANK)).split())


def characters() -> Iterator[str]:
    """Yield all characters but the control characters of ASCII, which no name may have."""
    return (chr(code) for code in range(0x20, 0x110000) if not 0xD800 <= code < 0xE000)


def render_function() -> str:
    """Return the SQL that creates the function."""
    checker = icu.SpoofChecker()
    prototypes = {}
    for character in characters():
        if _NFD.normalize(_NFKC.normalize(character)) != character or _is_invisible(character):
            continue  # no such character is left when the prototypes are looked up
        prototype = _BLANK.get(character) or checker.getSkeleton(0, character)
        if prototype != character:
            prototypes[character] = prototype
    pairs = [f"{json.dumps(character)}: {json.dumps(prototype)}" for character, prototype in prototypes.items()]
    lines = [", ".join(pairs[start : start + _PAIRS_PER_LINE]) for start in range(0, len(pairs), _PAIRS_PER_LINE)]
    return _FUNCTION.format(
        icu_version=icu.ICU_VERSION,
        unicode_version=icu.UNICODE_VERSION,
        invisible="".join(f"{_escape(first)}-{_escape(last)}" for first, last in _invisible_ranges()),
        prototypes="{" + ",\n".join(lines).replace("'", "''") + "}",
    )


def _invisible_ranges() -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    for character in filter(_is_invisible, characters()):
        code = ord(character)
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    return ranges


def _is_invisible(character: str) -> bool:
    return bool(icu.Char.hasBinaryProperty(ord(character), icu.UProperty.DEFAULT_IGNORABLE_CODE_POINT))


def _escape(code: int) -> str:
    return f"\\U{code:08X}"


if __name__ == "__main__":
    print(render_function(), end="")
