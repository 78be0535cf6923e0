"""Who sees what a user shows. Policies in Postgres decide by it (`is_in_audience`)."""

from enum import StrEnum


class Audience(StrEnum):
    """Who belongs to an audience of a user. Friends belong to the followers."""

    EVERYBODY = "everybody"
    FOLLOWERS = "followers"
    FRIENDS = "friends"
    NOBODY = "nobody"
