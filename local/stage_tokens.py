"""`python -m local.stage_tokens ISSUER CLIENT_ID < refresh_tokens`: print an access token for each refresh token.

Access tokens of a stage's test users end within hours, so that a pipeline can't keep them. It keeps their refresh
tokens, one a line, and gets access tokens by the refresh grant of OAuth 2.0 (RFC 6749, section 6), with the scopes of
the sign-in that each refresh token comes from.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator

import httpx


class TokenError(Exception):
    """The issuer gave no token. The message has its error code, and no token."""


def access_tokens(http: httpx.Client, issuer: str, client_id: str, refresh_tokens: Iterable[str]) -> Iterator[str]:
    """Yield an access token for each refresh token. Raises TokenError, `httpx.HTTPError`."""
    configuration = http.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration").raise_for_status().json()
    for number, refresh_token in enumerate(refresh_tokens, 1):
        form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": refresh_token}
        answer = http.post(configuration["token_endpoint"], data=form)
        if answer.status_code != httpx.codes.OK:
            raise TokenError(f"The issuer refused refresh token {number}: {_error_code(answer)}")
        yield answer.json()["access_token"]


def _error_code(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"


def main() -> int:
    """Print the tokens; return 1 if one can't be had."""
    parser = argparse.ArgumentParser(prog="python -m local.stage_tokens", description="Get access tokens of a stage.")
    parser.add_argument("issuer")
    parser.add_argument("client_id")
    arguments = parser.parse_args()
    given = [line.strip() for line in sys.stdin if line.strip()]
    try:
        with httpx.Client(timeout=30) as http:
            for token in access_tokens(http, arguments.issuer, arguments.client_id, given):
                print(token)
    except (TokenError, httpx.HTTPError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
