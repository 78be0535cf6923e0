"""Tokens that prove nothing open no route, whatever is wrong with them."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives import serialization
from websockets.sync.client import connect

from local.stack import LocalStack
from local.stand_ins.issuer import Issuer, new_key
from tests.conftest import Traveller

NOW = int(time.time())
UNAUTHORIZED = (401, {"message": "Unauthorized"})

Tokens = Callable[[LocalStack, uuid.UUID], str]


def public_pem(stack: LocalStack) -> bytes:
    """The issuer's public key, which everybody can get."""
    return stack.issuer.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def encode(part: Any) -> str:
    """Return a part of a token."""
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims(stack: LocalStack, user: uuid.UUID) -> dict[str, Any]:
    """The claims of a good token."""
    found: dict[str, Any] = jwt.decode(stack.token(user), options={"verify_signature": False})
    return found


def confused(stack: LocalStack, user: uuid.UUID) -> str:
    """A token whose HMAC has the public key as its secret: PyJWT itself refuses to make one."""
    head = encode({"alg": "HS256", "typ": "JWT", "kid": stack.issuer.key_id})
    signed = f"{head}.{encode(claims(stack, user))}"
    return f"{signed}.{encode(hmac.digest(public_pem(stack), signed.encode(), hashlib.sha256))}"


def stranger(stack: LocalStack, user: uuid.UUID, **header: Any) -> str:
    """A token with the right claims, signed by another key."""
    return jwt.encode(claims(stack, user), new_key(), "RS256", {"kid": stack.issuer.key_id} | header)


def with_own_key(stack: LocalStack, user: uuid.UUID) -> str:
    """A token that brings its own public key."""
    key = new_key()
    own = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    return jwt.encode(claims(stack, user), key, "RS256", {"kid": stack.issuer.key_id, "jwk": own, "x5u": "http://x"})


def parts(stack: LocalStack, user: uuid.UUID) -> list[str]:
    return stack.token(user).split(".")


BAD: dict[str, Tokens] = {
    "empty": lambda stack, user: "",
    "a word": lambda stack, user: "nonsense",
    "null": lambda stack, user: "null",
    "expired": lambda stack, user: stack.token(user, exp=NOW - 3600),
    "expired a second ago": lambda stack, user: stack.token(user, exp=int(time.time()) - 1),
    "without expiry": lambda stack, user: stack.token(user, exp=None),
    "expiry as a word": lambda stack, user: stack.token(user, exp="never"),
    "not yet valid": lambda stack, user: stack.token(user, nbf=NOW + 3600),
    "issued in the future": lambda stack, user: stack.token(user, iat=NOW + 3600),
    "another issuer": lambda stack, user: stack.token(user, iss="https://issuer.example"),
    "another path of the issuer": lambda stack, user: stack.token(user, iss=f"{stack.issuer.url}/"),
    "without issuer": lambda stack, user: stack.token(user, iss=None),
    "another audience": lambda stack, user: stack.token(user, client_id=None, aud="another-app"),
    "another audience beside the client": lambda stack, user: stack.token(user, aud="another-app"),
    "audience that begins alike": lambda stack, user: stack.token(user, client_id=None, aud="pam-web-admin"),
    "another client": lambda stack, user: stack.token(user, client_id="another-app"),
    "without audience": lambda stack, user: stack.token(user, client_id=None),
    "alg none": lambda stack, user: f"{encode({'alg': 'none', 'typ': 'JWT'})}.{parts(stack, user)[1]}.",
    "alg NONE with a signature": lambda stack, user: ".".join(
        [encode({"alg": "NONE", "kid": stack.issuer.key_id}), *parts(stack, user)[1:]]
    ),
    "key confusion": confused,
    "another algorithm": lambda stack, user: jwt.encode(claims(stack, user), "s" * 64, "HS512"),
    "another padding": lambda stack, user: jwt.encode(
        claims(stack, user), stack.issuer.key, "PS256", {"kid": stack.issuer.key_id}
    ),
    "unknown key id": lambda stack, user: stranger(stack, user, kid="unknown"),
    "key id of another kind": lambda stack, user: ".".join(
        [encode({"alg": "RS256", "kid": [stack.issuer.key_id]}), *parts(stack, user)[1:]]
    ),
    "key id as a path": lambda stack, user: stranger(stack, user, kid="../../jwks"),
    "without key id": lambda stack, user: jwt.encode(claims(stack, user), new_key(), "RS256"),
    "another key": stranger,
    "own key": with_own_key,
    "another issuer's key": lambda stack, user: Issuer(stack.issuer.url, new_key(), user).mint(user),
    "other claims": lambda stack, user: ".".join(
        [parts(stack, user)[0], encode(claims(stack, uuid.uuid4())), parts(stack, user)[2]]
    ),
    "signature cut": lambda stack, user: stack.token(user)[:-8],
    "without signature": lambda stack, user: stack.token(user).rpartition(".")[0] + ".",
    "two parts": lambda stack, user: stack.token(user).rpartition(".")[0],
    "four parts": lambda stack, user: f"{stack.token(user)}.{encode({})}",
    "five parts": lambda stack, user: f"{stack.token(user)}.e.e",
    "head is no JSON": lambda stack, user: ".".join([encode(b"{"), *parts(stack, user)[1:]]),
    "head is a list": lambda stack, user: ".".join([encode([]), *parts(stack, user)[1:]]),
    "claims are no object": lambda stack, user: jwt.api_jws.encode(
        b'["sub"]', stack.issuer.key, "RS256", {"kid": stack.issuer.key_id}
    ),
    "critical extension": lambda stack, user: jwt.encode(
        claims(stack, user), stack.issuer.key, "RS256", {"kid": stack.issuer.key_id, "crit": ["exp"], "exp": 1}
    ),
}
"""Tokens by what is wrong with them."""


@pytest.fixture
def anybody(stack: LocalStack) -> Iterator[httpx.Client]:
    """A client without a token."""
    with httpx.Client(base_url=stack.url, trust_env=False) as client:
        yield client


def routes(stack: LocalStack) -> Iterator[tuple[str, str]]:
    """Method and path of every route that the template has, each of which is protected."""
    for route in stack.template.routes:
        assert route.authorizer is not None
        yield route.method, route.path.replace("{number}", "1").replace("{id}", str(uuid.uuid4()))


@pytest.mark.parametrize("wrong", BAD)
def test_token_that_proves_nothing_opens_no_route(
    stack: LocalStack, traveller: Traveller, anybody: httpx.Client, wrong: str
) -> None:
    """Every route, that of tickets included, answers 401 without saying more than why the token was refused."""
    headers = {"authorization": f"Bearer {BAD[wrong](stack, traveller.id)}".strip()}
    for method, path in routes(stack):
        response = anybody.request(method, path, headers=headers)
        assert (response.status_code, response.json()) == UNAUTHORIZED, (method, path)
        assert str(traveller.id) not in response.text + response.headers["www-authenticate"]


def test_missing_token_opens_no_route(stack: LocalStack, anybody: httpx.Client, traveller: Traveller) -> None:
    """Nor does one in another place: a query, a cookie, a body or another header."""
    token = stack.token(traveller.id)
    for method, path in routes(stack):
        for options in (
            {},
            {"params": {"access_token": token, "authorization": f"Bearer {token}"}},
            {"headers": {"cookie": f"authorization=Bearer {token}; token={token}"}},
            {"headers": {"x-authorization": f"Bearer {token}", "proxy-authorization": f"Bearer {token}"}},
            {"content": json.dumps({"authorization": f"Bearer {token}"})},
        ):
            response = anybody.request(method, path, **options)
            assert (response.status_code, response.json()) == UNAUTHORIZED, (method, path)


def test_second_authorization_header_opens_no_route(
    stack: LocalStack, anybody: httpx.Client, traveller: Traveller
) -> None:
    """Two tokens are none, in either order and also where both are good: API Gateway joins repeated headers."""
    good, bad = f"Bearer {stack.token(traveller.id)}", f"Bearer {BAD['expired'](stack, traveller.id)}"
    for method, path in routes(stack):
        for first, second in ((good, bad), (bad, good), (good, good)):
            headers = [("authorization", first), ("Authorization", second)]
            response = anybody.request(method, path, headers=headers)
            assert (response.status_code, response.json()) == UNAUTHORIZED, (method, path)


def test_oversized_token_is_refused_before_it_is_read(
    stack: LocalStack, anybody: httpx.Client, traveller: Traveller
) -> None:
    """API Gateway takes 10,240 bytes of request line and headers, a valid token among them or not."""
    headers = {"authorization": f"Bearer {stack.token(traveller.id, padding='x' * 10_000)}"}
    for method, path in routes(stack):
        assert anybody.request(method, path, headers=headers).status_code == 431, (method, path)
    headers = {"authorization": f"Bearer {stack.token(traveller.id, padding='x' * 5_000)}"}
    assert anybody.get("/v1/spend-summary", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "subject", [None, "", "service-account", "1", "{%s}", "urn:uuid:%s", "%s ", "%s,%s", 5, ["%s"]]
)
def test_token_without_a_traveller_s_id_opens_no_route(
    stack: LocalStack, anybody: httpx.Client, traveller: Traveller, subject: Any
) -> None:
    """A valid token of a subject that is no UUID, as it is written in tokens, is a 403."""
    text = json.loads(json.dumps(subject).replace("%s", str(traveller.id)))
    headers = {"authorization": f"Bearer {stack.issuer.mint(sub=text)}"}
    for method, path in routes(stack):
        response = anybody.request(method, path, headers=headers)
        assert (response.status_code, response.json()["code"]) == (403, "invalid_subject"), (method, path)


@pytest.mark.parametrize(
    "changes", [{"token_use": "id"}, {"token_use": "refresh"}, {"scope": "email"}, {"scope": None}]
)
def test_token_of_another_kind_opens_no_route(
    stack: LocalStack, anybody: httpx.Client, traveller: Traveller, changes: dict[str, Any]
) -> None:
    """API Gateway doesn't read the type in a token's head: the scope and `token_use` say what it is for."""
    headers = {"authorization": f"Bearer {stack.token(traveller.id, **changes)}"}
    for method, path in routes(stack):
        assert anybody.request(method, path, headers=headers).status_code == 403, (method, path)


def test_access_token_of_a_user_pool_opens_api_and_websocket(stack: LocalStack, traveller: Traveller) -> None:
    """Cognito's tokens have a client id in place of an audience, and claims that others lack."""
    own = {"username": str(traveller.id), "version": 2, "origin_jti": str(uuid.uuid4()), "auth_time": NOW}
    token = stack.token(traveller.id, **own, **{"cognito:groups": ["us-east-1_pool_Google"], "event_id": "1"})
    assert "aud" not in jwt.decode(token, options={"verify_signature": False})
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=stack.url, headers=headers, trust_env=False) as client:
        assert client.get("/v1/spend-summary").status_code == 200
        ticket = client.post("/v1/ws-ticket", json={}).json()
    with connect(f"{ticket['url']}?ticket={ticket['ticket']}") as socket:
        socket.send(json.dumps({"action": "ping"}))
        assert json.loads(socket.recv(timeout=30))["type"] == "pong"


def test_refused_requests_change_nothing(
    stack: LocalStack, traveller: Traveller, anybody: httpx.Client, owner: psycopg.Connection
) -> None:
    """A write with each bad token leaves no row."""
    for make in BAD.values():
        headers = {"authorization": f"Bearer {make(stack, traveller.id)}".strip(), "idempotency-key": str(uuid.uuid4())}
        response = anybody.post("/v1/expenses", json={"amount": "1", "category": "fuel"}, headers=headers)
        assert response.status_code == 401
    assert owner.execute("select from users where id = %s", (traveller.id,)).fetchall() == []


def test_replaced_key_of_the_issuer_is_used_without_a_restart(
    stack: LocalStack, traveller: Traveller, anybody: httpx.Client
) -> None:
    """A token of the new key is accepted at once; from then on one of the removed key is refused."""

    def status(token: str) -> int:
        return anybody.get("/v1/spend-summary", headers={"authorization": f"Bearer {token}"}).status_code

    old_key, old_token = stack.issuer.key, stack.token(traveller.id)
    assert status(old_token) == 200
    stack.issuer.key = new_key()
    try:
        assert status(stack.token(traveller.id)) == 200
        assert status(old_token) == 401
        assert status(stack.token(traveller.id)) == 200
    finally:
        stack.issuer.key = old_key
    assert status(old_token) == 200
