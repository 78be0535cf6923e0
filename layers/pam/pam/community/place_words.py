"""Places in the words of those who wrote them, as posts and events have them."""


def matches_place(column: str) -> str:
    """Return the SQL condition that a column matches the parameter `place`, which is empty for any place.

    It does where one of the two names has all words of the other: “Moab” and “Moab, Utah”.
    """
    return f"""(%(place)s = ''
        or to_tsvector('simple', {column}) @@ plainto_tsquery('simple', %(place)s)
        or to_tsvector('simple', %(place)s) @@ plainto_tsquery('simple', {column}))"""
