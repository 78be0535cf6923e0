// Signing in with OpenID Connect: an authorization code with PKCE, and refresh tokens. The page has no secret.
//
// The browser leaves the page for the issuer's, and comes back to "/" with a code. What proves that it is the answer to
// our own request waits in the tab meanwhile.

import { networkProblem, Problem, SignInEndedProblem } from "./problem.js";
import { tabStorage } from "./storage.js";

const REQUEST_KEY = "pam.sign_in";     // {state, nonce, verifier} of the sign-in in progress
const REQUEST_TIMEOUT_MS = 10_000;
const REVOCATION_TIMEOUT_MS = 2000;    // signing out doesn't wait for longer
const DEFAULT_LIFETIME_S = 300;
const CLOCK_TOLERANCE_S = 300;         // the clock of this device may be wrong

const load = () => import("/vendor/oauth4webapi.js");

export class OpenIdIssuer {
  #config;
  #client;
  /** @type {import("/vendor/oauth4webapi.js").AuthorizationServer | null} */
  #metadata = null;

  /** `config` is config.json: {issuer, client_id, scope, cognito_logout?}. */
  constructor(config) {
    this.#config = config;
    this.#client = { client_id: config.client_id };
  }

  /** Leaves the page for the issuer's; throws a Problem. Returns null, when the browser is about to leave. */
  async signIn() {
    const oauth = await loadLibrary();
    const server = await this.#discover(oauth);
    const request = {
      state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce(), verifier: oauth.generateRandomCodeVerifier(),
    };
    const scopes = new Set(["openid", ...this.#config.scope.split(" ")]);
    if (server.scopes_supported?.includes("offline_access")) scopes.add("offline_access");   // for a refresh token
    const url = new URL(requireEndpoint(server.authorization_endpoint));
    const parameters = {
      response_type: "code", client_id: this.#config.client_id, redirect_uri: redirectUri(), scope: [...scopes].join(" "),
      state: request.state, nonce: request.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(request.verifier), code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    tabStorage.set(REQUEST_KEY, request);
    location.assign(url);
    return null;
  }

  /**
   * Completes a sign-in if the issuer has sent the browser here; returns its credentials, or null if it hasn't.
   * Throws a Problem for a sign-in that was refused, or that isn't ours.
   */
  async complete() {
    const url = new URL(location.href);
    const { searchParams } = url;
    if (!searchParams.has("code") && !searchParams.has("error")) return null;
    history.replaceState(null, "", url.pathname);   // neither a reload nor the history has the code
    const request = tabStorage.get(REQUEST_KEY);
    tabStorage.remove(REQUEST_KEY);
    if (!request) throw signInProblem();
    const oauth = await loadLibrary();
    return attempt(async () => {
      const server = await this.#discover(oauth);
      const parameters = oauth.validateAuthResponse(server, this.#client, searchParams, request.state);
      const response = await oauth.authorizationCodeGrantRequest(
        server, this.#client, oauth.None(), parameters, redirectUri(), request.verifier, this.#options(oauth));
      return toCredentials(await oauth.processAuthorizationCodeResponse(
        server, this.#client, response, { expectedNonce: request.nonce, requireIdToken: true }));
    });
  }

  /** Returns new credentials of the same user; throws a Problem, a SignInEndedProblem if only a sign-in helps. */
  async renew({ refreshToken, idToken }) {
    const oauth = await loadLibrary();
    const server = await this.#discover(oauth);   // without a connection the user stays signed in
    if (!refreshToken) throw new SignInEndedProblem();
    return attempt(async () => {
      const response = await oauth.refreshTokenGrantRequest(
        server, this.#client, oauth.None(), refreshToken, this.#options(oauth));
      const tokens = await oauth.processRefreshTokenResponse(server, this.#client, response);
      return toCredentials(tokens, { refreshToken, idToken });
    });
  }

  /** Revokes the refresh token and leaves the page for the end of the issuer's session, if it can be reached. */
  async signOut({ refreshToken, idToken }) {
    const oauth = await loadLibrary();
    const server = await this.#discover(oauth);
    if (refreshToken && server.revocation_endpoint) {
      const options = { ...this.#options(oauth), signal: AbortSignal.timeout(REVOCATION_TIMEOUT_MS) };
      await oauth.revocationRequest(server, this.#client, oauth.None(), refreshToken, options).catch(() => null);
    }
    const endpoint = this.#config.cognito_logout ?? server.end_session_endpoint;
    if (!endpoint) return;
    const url = new URL(endpoint);
    url.searchParams.set("client_id", this.#config.client_id);
    if (this.#config.cognito_logout) {
      url.searchParams.set("logout_uri", redirectUri());
    } else {
      url.searchParams.set("post_logout_redirect_uri", redirectUri());
      if (idToken) url.searchParams.set("id_token_hint", idToken);
    }
    location.assign(url);
  }

  /** @returns {Promise<import("/vendor/oauth4webapi.js").AuthorizationServer>} */
  async #discover(oauth) {
    if (this.#metadata) return this.#metadata;
    const issuer = new URL(this.#config.issuer);
    const metadata = await attempt(async () =>
      oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, this.#options(oauth))));
    this.#metadata = metadata;
    return metadata;
  }

  /** Requests time out. Only an issuer on this machine may be without TLS. */
  #options(oauth) {
    const { hostname } = new URL(this.#config.issuer);
    this.#client[oauth.clockTolerance] = CLOCK_TOLERANCE_S;
    return { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS), [oauth.allowInsecureRequests]: hostname === "127.0.0.1" };
  }
}

const redirectUri = () => `${location.origin}/`;

const signInProblem = () => new Problem("sign_in_failed", "The sign-in didn't work.", { retry: true });

/** Loads the library when it is needed: the demo is without it. */
async function loadLibrary() {
  try {
    return await load();
  } catch {
    throw networkProblem();
  }
}

/** Returns what `action` does; every failure is a Problem. */
async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    throw toProblem(error);
  }
}

function toProblem(error) {
  if (error instanceof Problem) return error;
  if (error.error === "invalid_grant") return new SignInEndedProblem();
  if (error.error === "access_denied") return new Problem("sign_in_denied", "You weren't signed in.");
  const isNetwork = error instanceof DOMException || (error instanceof TypeError && !("code" in error));
  return isNetwork ? networkProblem() : signInProblem();
}

function requireEndpoint(url) {
  if (!url) throw signInProblem();
  return url;
}

/** Returns the credentials that a token response has, and of `previous` what it doesn't repeat. */
function toCredentials(tokens, previous = {}) {
  const lifetime = (Number(tokens.expires_in) || DEFAULT_LIFETIME_S) * 1000;
  return {
    token: tokens.access_token,
    refreshToken: tokens.refresh_token ?? previous.refreshToken,
    idToken: tokens.id_token ?? previous.idToken,
    lifetime,
    expires: Date.now() + lifetime,
  };
}
