"""Keyed hashes of texts, and the key that they are made with."""

import hashlib
import hmac
import json
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from pam.platform.secret_key import SecretKey, SecretUnavailable
from pam.safety.text_hash import TextHasher


def hasher(key: str = "k") -> TextHasher:
    return TextHasher(SecretKey(lambda: json.dumps({"key": key})))


def test_hash_is_hmac_sha256_of_scope_and_text() -> None:
    """As any library computes it, so that a text can be looked up by whoever has the key."""
    expected = hmac.new(b"k", b"scope\0Hello Moab", hashlib.sha256).hexdigest()
    assert hasher().digest(" Hello\n Moab", "scope") == expected


@given(st.text(max_size=50), st.text(max_size=10), st.text(alphabet="abc", min_size=1, max_size=3))
def test_hash_depends_on_key_and_scope(text: str, scope: str, other: str) -> None:
    """Of any text, a lone surrogate included; without the key nobody can compute it."""
    digest = hasher().digest(text, scope)
    assert digest == hasher().digest(text, scope)
    assert digest is not None
    assert len(digest) == 64
    assert digest != hasher("other").digest(text, scope)
    assert digest != hasher().digest(text, scope + other)


@given(st.text(max_size=50), st.sampled_from([" ", "\n", "\t", "\u3000"]))
def test_whitespace_makes_no_difference(text: str, space: str) -> None:
    """Around and between words."""
    assert hasher().digest(space.join(["", *text.split(), ""])) == hasher().digest(text)


def test_unreadable_key_gives_no_hash() -> None:
    """Nobody is kept from an answer by it."""
    assert hasher("").digest("text") is None


def client_error() -> str:
    raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetSecretValue")


def no_connection() -> str:
    raise EndpointConnectionError(endpoint_url="https://secrets.test")


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        (client_error, "its key can't be read: ClientError"),
        (no_connection, "its key can't be read: EndpointConnectionError"),
        (lambda: "{", "its secret isn't JSON"),
        (lambda: '{"key": " "}', "no key is set in its secret"),
        (lambda: '["key"]', "no key is set in its secret"),
    ],
)
def test_reason_names_nothing_of_the_secret(secret: Callable[[], str], reason: str) -> None:
    """It is logged."""
    with pytest.raises(SecretUnavailable) as raised:
        SecretKey(secret).get()
    assert str(raised.value) == reason


def test_replaced_key_is_in_use_after_five_minutes() -> None:
    """It is read on first use, and once in that time."""
    now, keys, reads = [0.0], ["old", "new"], []

    def secret() -> str:
        reads.append(now[0])
        return json.dumps({"key": keys[0]})

    key = SecretKey(secret, lambda: now[0])
    assert reads == []
    assert [key.get() for _ in range(3)] == ["old"] * 3
    keys.pop(0)
    now[0] = 299
    assert key.get() == "old"
    now[0] = 301
    assert key.get() == "new"
    assert reads == [0, 301]
