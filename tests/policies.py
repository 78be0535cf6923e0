"""Policies of turns for tests."""

from collections.abc import Callable

from pam.tools.engine.policy import TurnPolicy


def turn_policy(
    *user_texts: str,
    is_tainted: bool = False,
    has_recalled: bool = False,
    is_restricted: Callable[[], bool] = lambda: False,
) -> TurnPolicy:
    """Return the policy of a turn in which the traveller wrote these texts; no tool is switched off."""
    return TurnPolicy(
        user_texts,
        is_tainted=is_tainted,
        has_recalled=has_recalled,
        is_restricted=is_restricted,
        check_enabled=lambda _: None,
    )
