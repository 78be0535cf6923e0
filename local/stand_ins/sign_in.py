"""The sign-in of the issuer: authorization code with PKCE, refresh tokens, revocation and sign-out.

As OAuth 2.1 (draft-ietf-oauth-v2-1) and OpenID Connect Core 1.0 require it for a client without a secret: redirect
URIs are compared as strings, PKCE is S256 and required, a code works once, a refresh token is replaced at each use, and
the second use of either revokes all that came of it. There is no password: whoever opens the page chooses an account.
"""

import base64
import hashlib
import hmac
import html
import secrets
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

CODE_TTL_S = 60.0
REQUEST_TTL_S = 600.0
_CHALLENGE_LENGTH = 43  # of SHA-256 in base64url
_VERIFIER_LENGTHS = range(43, 129)
_STYLES = ("tokens", "page", "controls", "api")
_ICON = '<link rel="icon" href="/icon.svg">'
_NO_STORE = {"cache-control": "no-store"}


class TokenSigner(Protocol):
    """Signs tokens; `Issuer` is one."""

    url: str
    token_ttl_s: int

    def mint(self, subject: uuid.UUID | None = None, **claims: Any) -> str:
        """Sign a token for `subject`, with these claims in addition or in place of the usual ones."""


class TokenRequestError(Exception):
    """The token endpoint refuses a request; the code is one of RFC 6749, section 5.2."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


@dataclass
class _Session:
    """What one sign-in led to: it ends as a whole."""

    subject: uuid.UUID
    scope: str
    started_at: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    is_revoked: bool = False


@dataclass
class _AuthorizationRequest:
    redirect_uri: str
    scope: str
    challenge: str
    state: str | None
    nonce: str | None
    expires_at: float


@dataclass
class _Code:
    request: _AuthorizationRequest
    session: _Session
    expires_at: float
    is_used: bool = False


@dataclass
class _RefreshToken:
    session: _Session
    is_used: bool = False


class PageCors(CORSMiddleware):
    """CORS for the origins of the redirect URIs: the page of a stage calls its issuer at another origin."""

    def __init__(self, app: ASGIApp, redirect_uris: Collection[str]) -> None:
        super().__init__(app, allow_methods=["GET", "POST"])
        self._redirect_uris = redirect_uris

    def is_allowed_origin(self, origin: str) -> bool:
        return f"{origin}/" in self._redirect_uris


class SignIn:
    """The endpoints of one issuer for one client. Nothing is kept between starts."""

    def __init__(
        self,
        issuer: TokenSigner,
        client_id: str,
        redirect_uris: Collection[str],
        accounts: Mapping[uuid.UUID, str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`accounts` are the names of those who can sign in, by their subjects."""
        self._issuer = issuer
        self._client_id = client_id
        self.redirect_uris = set(redirect_uris)
        """Where the client is; `PageCors` lets pages there read the responses."""
        self._accounts = accounts
        self._monotonic = monotonic
        self._requests: dict[str, _AuthorizationRequest] = {}
        self._codes: dict[str, _Code] = {}
        self._refresh_tokens: dict[str, _RefreshToken] = {}

    def metadata(self) -> dict[str, Any]:
        """Return this part of the discovery document."""
        url = self._issuer.url
        return {
            "authorization_endpoint": f"{url}/authorize",
            "end_session_endpoint": f"{url}/logout",
            "revocation_endpoint": f"{url}/revoke",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "scopes_supported": ["openid", "offline_access"],
            "authorization_response_iss_parameter_supported": True,
        }

    def routes(self) -> list[Route]:
        """Return Starlette routes relative to the issuer's URL."""
        return [
            Route("/authorize", self._authorize),
            Route("/authorize/decision", self._decide),
            Route("/revoke", self._revoke, methods=["POST"]),
            Route("/logout", self._log_out),
        ]

    def exchange(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Return the token response for a code or a refresh token. Raises TokenRequestError."""
        if form.get("grant_type") == "authorization_code":
            return self._redeem_code(form)
        return self._refresh(form)

    async def _authorize(self, request: Request) -> Response:
        query = request.query_params
        redirect_uri = query.get("redirect_uri", "")
        if query.get("client_id") != self._client_id:
            return _error_page("This client isn't known.")
        if redirect_uri not in self.redirect_uris:
            return _error_page("This redirect_uri isn't registered.")
        scope = query.get("scope", "").split()
        if query.get("response_type") != "code":
            error = "unsupported_response_type", "The response_type must be code."
        elif "openid" not in scope:
            error = "invalid_scope", "The scope must contain openid."
        elif query.get("code_challenge_method") != "S256" or len(query.get("code_challenge", "")) != _CHALLENGE_LENGTH:
            error = "invalid_request", "A code_challenge of the method S256 is required."
        elif len(query.keys()) != len(query.multi_items()):
            error = "invalid_request", "A parameter is repeated."
        else:
            pending = _AuthorizationRequest(
                redirect_uri=redirect_uri,
                scope=" ".join(name for name in scope if name in ("openid", "offline_access")),
                challenge=query["code_challenge"],
                state=query.get("state"),
                nonce=query.get("nonce"),
                expires_at=self._monotonic() + REQUEST_TTL_S,
            )
            handle = secrets.token_urlsafe(16)
            self._requests[handle] = pending
            return self._account_page(handle)
        return self._redirect(redirect_uri, query.get("state"), error=error[0], error_description=error[1])

    def _account_page(self, handle: str) -> Response:
        decisions = [
            (f"Sign in as {name}", {"request": handle, "account": str(account)})
            for account, name in self._accounts.items()
        ]
        decisions.append(("Cancel", {"request": handle}))
        links = "".join(
            f'<li><a href="{html.escape(f"{self._issuer.url}/authorize/decision?{urlencode(query)}")}">'
            f"{html.escape(text)}</a></li>"
            for text, query in decisions
        )
        return _page("Sign in", f"<p>The issuer of this machine has accounts without passwords.</p><ul>{links}</ul>")

    async def _decide(self, request: Request) -> Response:
        pending = self._requests.pop(request.query_params.get("request", ""), None)
        if pending is None or pending.expires_at < self._monotonic():
            return _error_page("This sign-in is over. Please begin again.")
        if "account" not in request.query_params:
            return self._redirect(pending.redirect_uri, pending.state, error="access_denied")
        try:
            account = uuid.UUID(request.query_params["account"])
        except ValueError:
            account = uuid.UUID(int=0)
        if account not in self._accounts:
            return _error_page("There is no such account.")
        session = _Session(account, pending.scope, int(time.time()))
        code = secrets.token_urlsafe(32)
        self._codes[code] = _Code(pending, session, self._monotonic() + CODE_TTL_S)
        return self._redirect(pending.redirect_uri, pending.state, code=code)

    def _redirect(self, uri: str, state: str | None, **parameters: str) -> Response:
        query = parameters | ({} if state is None else {"state": state}) | {"iss": self._issuer.url}
        return RedirectResponse(f"{uri}?{urlencode(query)}", 302, headers=_NO_STORE)

    def _redeem_code(self, form: Mapping[str, str]) -> dict[str, Any]:
        code = self._codes.get(form.get("code", ""))
        if code is None:
            raise TokenRequestError("invalid_grant", "This code isn't known.")
        if code.is_used:
            code.session.is_revoked = True
            raise TokenRequestError("invalid_grant", "This code was used before.")
        code.is_used = True
        if code.expires_at < self._monotonic():
            raise TokenRequestError("invalid_grant", "This code has expired.")
        if form.get("redirect_uri") != code.request.redirect_uri:
            raise TokenRequestError("invalid_grant", "The redirect_uri isn't that of the authorization request.")
        verifier = form.get("code_verifier", "")
        if len(verifier) not in _VERIFIER_LENGTHS or not hmac.compare_digest(_s256(verifier), code.request.challenge):
            raise TokenRequestError("invalid_grant", "The code_verifier doesn't fit the code_challenge.")
        return self._tokens(code.session, code.request.nonce)

    def _refresh(self, form: Mapping[str, str]) -> dict[str, Any]:
        token = self._refresh_tokens.get(form.get("refresh_token", ""))
        if token is None:
            raise TokenRequestError("invalid_grant", "This refresh token isn't known.")
        if token.is_used:
            token.session.is_revoked = True
        if token.session.is_revoked:
            raise TokenRequestError("invalid_grant", "This refresh token is revoked.")
        token.is_used = True
        return self._tokens(token.session, None)

    def _tokens(self, session: _Session, nonce: str | None) -> dict[str, Any]:
        refresh_token = secrets.token_urlsafe(32)
        self._refresh_tokens[refresh_token] = _RefreshToken(session)
        # As in tokens of Cognito's pools.
        common = {"auth_time": session.started_at, "origin_jti": session.id, "event_id": str(uuid.uuid4())}
        access = common | {"scope": session.scope, "username": str(session.subject), "version": 2}
        identity = common | {
            "aud": self._client_id,
            "token_use": "id",
            "client_id": None,
            "scope": None,
            "nonce": nonce,
            "cognito:username": str(session.subject),
        }
        return {
            "access_token": self._issuer.mint(session.subject, **access),
            "id_token": self._issuer.mint(session.subject, **identity),
            "refresh_token": refresh_token,
            "token_type": "Bearer",
            "expires_in": self._issuer.token_ttl_s,
            "scope": session.scope,
        }

    async def _revoke(self, request: Request) -> Response:
        """Revoke a refresh token; an unknown one is no error (RFC 7009)."""
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        if form.get("client_id") != self._client_id:
            return JSONResponse({"error": "invalid_client"}, 401, headers=_NO_STORE)
        token = self._refresh_tokens.get(form.get("token", ""))
        if token is not None:
            token.session.is_revoked = True
        return Response(status_code=200, headers=_NO_STORE)

    async def _log_out(self, request: Request) -> Response:
        """Redirect to where the client asks for; here is no session of a browser that would end."""
        query = request.query_params
        # Cognito's own endpoint calls it logout_uri.
        uri = query.get("post_logout_redirect_uri", query.get("logout_uri", ""))
        if query.get("client_id") != self._client_id or uri not in self.redirect_uris:
            return _error_page("This address to return to isn't registered.")
        state = {"state": query["state"]} if "state" in query else {}
        return RedirectResponse(f"{uri}?{urlencode(state)}" if state else uri, 302, headers=_NO_STORE)


def _s256(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _page(title: str, body: str, status: int = 200) -> Response:
    styles = "".join(f'<link rel="stylesheet" href="/css/{name}.css">' for name in _STYLES)
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>{_ICON}{styles}'
    main = f'<div class="manual"><main><section><h2>{title}</h2>{body}</section></main></div>'
    return HTMLResponse(f"{head}{main}", status, headers=_NO_STORE)


def _error_page(text: str) -> Response:
    return _page("This didn't work", f"<p>{text}</p>", 400)
