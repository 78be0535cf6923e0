"""An OpenID Connect issuer for one machine: discovery document, key set, and tokens with or without a sign-in.

It replaces the Cognito user pool of a deployed stage, and issues access tokens with Cognito's claims
(`client_id` and no `aud`, `scope`). Unless it requires a sign-in, every client can get a token for every user: it
listens on 127.0.0.1 only.
"""

import base64
import hashlib
import os
import time
import uuid
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.stand_ins.sign_in import SignIn, TokenRequestError

PATH = "/local/issuer"
CLIENT_ID = "pam-web"
TOKEN_TTL_S = 3600


class Issuer:
    """Issues RS256 tokens and publishes their key. A token request without `sub` gets one of `default_subject`."""

    def __init__(
        self,
        url: str,
        key: rsa.RSAPrivateKey,
        default_subject: uuid.UUID,
        *,
        redirect_uris: Collection[str] = (),
        accounts: Mapping[uuid.UUID, str] | None = None,
        requires_sign_in: bool = False,
    ) -> None:
        """`accounts` are the names of those who can sign in; `redirect_uris` are where they come from."""
        self.url = url
        self.requires_sign_in = requires_sign_in
        """Whether tokens are issued to those who signed in alone, as on a stage."""
        self.key = key
        self.token_ttl_s = TOKEN_TTL_S
        """How long the tokens of later requests are valid, in seconds."""
        self._default_subject = default_subject
        self._sign_in = SignIn(self, CLIENT_ID, redirect_uris, accounts or {})

    @property
    def redirect_uris(self) -> set[str]:
        """Where the client is; more can be added while the issuer is serving."""
        return self._sign_in.redirect_uris

    @property
    def key_id(self) -> str:
        """The `kid` of the key, which may be replaced while the issuer is serving."""
        return hashlib.sha256(str(self.key.public_key().public_numbers().n).encode()).hexdigest()[:16]

    def mint(self, subject: uuid.UUID | None = None, **claims: Any) -> str:
        """Sign a token for `subject`. `claims` replace the usual ones or are added; None removes one."""
        now = int(time.time())
        usual = {
            "iss": self.url,
            "client_id": CLIENT_ID,
            "sub": str(subject or self._default_subject),
            "iat": now,
            "exp": now + self.token_ttl_s,
            "token_use": "access",
            "scope": "openid",
            "jti": str(uuid.uuid4()),
        }
        payload = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode(payload, self.key, algorithm="RS256", headers={"kid": self.key_id})

    def routes(self) -> list[Route]:
        """Return Starlette routes relative to the issuer's URL."""
        return [
            Route("/.well-known/openid-configuration", self._discovery),
            Route("/jwks", self._jwks),
            Route("/token", self._token, methods=["POST"]),
            *self._sign_in.routes(),
        ]

    async def _discovery(self, _request: Request) -> JSONResponse:
        grants = ["authorization_code", "refresh_token"]
        document = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            "token_endpoint": f"{self.url}/token",
            "grant_types_supported": grants if self.requires_sign_in else [*grants, "client_credentials"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "subject_types_supported": ["public"],
        }
        return JSONResponse(document | self._sign_in.metadata())

    async def _jwks(self, _request: Request) -> JSONResponse:
        numbers = self.key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.key_id}
        return JSONResponse({"keys": [key | {"n": _base64url(numbers.n), "e": _base64url(numbers.e)}]})

    async def _token(self, request: Request) -> JSONResponse:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        if form.get("client_id") != CLIENT_ID:
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        if form.get("grant_type") in ("authorization_code", "refresh_token"):
            try:
                return JSONResponse(self._sign_in.exchange(form), headers={"cache-control": "no-store"})
            except TokenRequestError as refused:
                error = {"error": refused.code, "error_description": str(refused)}
                return JSONResponse(error, status_code=400)
        if self.requires_sign_in:
            return JSONResponse({"error": "unauthorized_client"}, status_code=400)
        try:
            subject = uuid.UUID(form["sub"]) if "sub" in form else None
        except ValueError:
            error = {"error": "invalid_request", "error_description": "sub must be a UUID"}
            return JSONResponse(error, status_code=400)
        token = {"access_token": self.mint(subject), "token_type": "Bearer", "expires_in": self.token_ttl_s}
        return JSONResponse(token, headers={"cache-control": "no-store"})


def load_key(path: Path) -> rsa.RSAPrivateKey:
    """Read the signing key in `path`. Creates the file, readable by its owner only, if there is none."""
    if path.exists():
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key
    key = new_key()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    return key


def new_key() -> rsa.RSAPrivateKey:
    """Generate an RSA key of 2048 bits."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _base64url(number: int) -> str:
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
