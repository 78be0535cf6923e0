"""How a text is divided into words before Postgres indexes or searches them."""


def words_apart(text: str) -> str:
    """Return SQL for a text, itself SQL, in which “Moab/Arches” is two words: Postgres takes it for one path.

    The same goes for hosts and addresses of mail. Letters are in their usual form (NFKC), as “é” in one character. Each
    text has to be divided so that is indexed, and that is searched.
    """
    return f"regexp_replace(normalize(({text})::text, NFKC), '(?<=[[:alpha:]])[/@.]+(?=[[:alpha:]])', ' ', 'g')"
