"""The JWT authorizer of an HTTP API. Like the service, it fetches the issuer's keys over HTTP."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt

from local.template import JwtAuthorizer

ALGORITHMS = ("RS256", "RS384", "RS512")
"""The service supports RSA only."""

KEYS_TTL_S = 2 * 3600.0
"""How long the service may keep the keys of an issuer."""


class AuthorizationError(Exception):
    """The request isn't authorized: 401 without a valid token, 403 without a scope that the route requires."""

    def __init__(self, status: int, message: str, challenge: str) -> None:
        super().__init__(challenge)
        self.status = status
        self.message = message
        self.challenge = challenge
        """Value of the `www-authenticate` header."""


class TokenAuthorizer:
    """Validates tokens of one issuer for one API.

    The issuer's keys are fetched again for a token with an unknown one, and after `KEYS_TTL_S`.
    """

    def __init__(self, specification: JwtAuthorizer, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._issuer = specification.issuer
        self._audience = set(specification.audience)
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = 0.0
        self._monotonic = monotonic
        self._fetch_lock = asyncio.Lock()
        # Without the developer's proxy, because the issuer is on this machine.
        self._http = httpx.AsyncClient(timeout=5, trust_env=False)

    async def stop(self) -> None:
        await self._http.aclose()

    async def authorize(self, header: str, scopes: tuple[str, ...]) -> dict[str, Any]:
        """Validate a token. Returns the event's `authorizer.jwt` object: claims as strings, and the matching scopes.

        `header` contains the token with or without `Bearer`. Raises AuthorizationError.
        """
        scheme, _, rest = header.partition(" ")
        token = rest.strip() if scheme.lower() == "bearer" else header
        if not token:
            raise AuthorizationError(401, "Unauthorized", "Bearer")
        try:
            claims = await self._claims(token)
        except jwt.PyJWTError as error:
            challenge = f'Bearer scope="" error="invalid_token" error_description="{_reason(error)}"'
            raise AuthorizationError(401, "Unauthorized", challenge) from error
        granted = str(claims.get("scope", claims.get("scp", ""))).split()
        matching = [scope for scope in scopes if scope in granted]
        if scopes and not matching:
            challenge = f'Bearer scope="{" ".join(scopes)}" error="insufficient_scope"'
            raise AuthorizationError(403, "Forbidden", challenge)
        texts = {name: _claim_text(value) for name, value in claims.items()}
        return {"claims": texts, "scopes": matching or None}

    async def _claims(self, token: str) -> dict[str, Any]:
        unverified = jwt.get_unverified_header(token)
        if unverified.get("alg") not in ALGORITHMS:
            raise jwt.InvalidAlgorithmError(f"signing method {unverified.get('alg')} is invalid")
        key = await self._key(str(unverified.get("kid")))
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            issuer=self._issuer,
            options={
                "require": ["exp", "iss"],
                "verify_aud": False,
                "verify_sub": False,
                "verify_jti": False,
            },
        )
        audience = claims.get("aud", claims.get("client_id"))
        if not self._audience.intersection(audience if isinstance(audience, list) else [audience]):
            raise jwt.InvalidAudienceError("the token does not have a valid audience")
        return claims

    async def _key(self, key_id: str) -> jwt.PyJWK:
        if not self._knows(key_id):
            async with self._fetch_lock:
                if not self._knows(key_id):
                    await self._fetch()
        if key_id not in self._keys:
            raise jwt.InvalidTokenError("no key of the issuer has the token's kid")
        return self._keys[key_id]

    def _knows(self, key_id: str) -> bool:
        return key_id in self._keys and self._monotonic() - self._fetched_at <= KEYS_TTL_S

    async def _fetch(self) -> None:
        try:
            configuration = await self._http.get(f"{self._issuer}/.well-known/openid-configuration")
            keys = await self._http.get(configuration.raise_for_status().json()["jwks_uri"])
            self._keys = {key["kid"]: jwt.PyJWK(key) for key in keys.raise_for_status().json()["keys"]}
            self._fetched_at = self._monotonic()
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise jwt.InvalidTokenError("OIDC discovery endpoint communication error") from error


def _reason(error: jwt.PyJWTError) -> str:
    match error:
        case jwt.ExpiredSignatureError():
            return "the token has expired"
        case jwt.InvalidIssuerError():
            return "invalid issuer"
        case _:
            return str(error).replace('"', "'")


def _claim_text(value: Any) -> str:
    """Format a claim as in an event, where all are strings: a list is `[a b]`."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(_claim_text(item) for item in value)}]"
    return json.dumps(value)
