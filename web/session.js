// The signed-in user's access token. It is short-lived and renewed before it expires, or when the API refuses it.

import { networkProblem, Problem, signedOutProblem } from "./problem.js";
import { deviceStorage, tabStorage } from "./storage.js";

const STORAGE_KEY = "pam.session";
const USER_KEY = "pam.user";   // who signed in last on this device: {subject, user}, without a token
const RENEWAL_MARGIN_MS = 60_000;
const REQUEST_TIMEOUT_MS = 10_000;
const DEFAULT_LIFETIME_S = 300;

/** `config` is config.json: {issuer, client_id, demo, demo_travellers}. Fires "change" when a user signs in or out. */
export class Session extends EventTarget {
  #config;
  #credentials = tabStorage.get(STORAGE_KEY) ?? rememberedUser();   // {token, subject, lifetime, expires}, or null
  /** @type {Promise<string> | null} */
  #renewal = null;

  constructor(config) {
    super();
    this.#config = config;
  }

  get signedIn() {
    return this.#credentials !== null;
  }

  /** The user's id from the token, or null. Only a storage key: the API verifies the token, this page doesn't. */
  get user() {
    return this.#credentials && (this.#credentials.user ?? subjectOf(this.#credentials.token));
  }

  /** Signs in as the issuer's default user, or as another of its demo travellers, whose id is given. */
  async signIn(subject = null) {
    await this.#renew(subject);
  }

  signOut() {
    if (deviceStorage.get(USER_KEY)?.user === this.user) deviceStorage.remove(USER_KEY);
    this.#credentials = null;
    this.#renewal = null;
    tabStorage.remove(STORAGE_KEY);
    this.dispatchEvent(new Event("change"));
  }

  /** Returns a token that isn't about to expire. Waits for a sign-in in progress; throws a Problem. */
  async token() {
    if (this.#renewal) return this.#renewal;
    if (!this.#credentials) throw signedOutProblem();
    const { token, lifetime, expires } = this.#credentials;
    const margin = Math.min(RENEWAL_MARGIN_MS, lifetime / 2);
    return Date.now() < expires - margin ? token : this.#renew();
  }

  /** Returns a token other than the one that the API refused; throws a Problem. */
  async tokenAfter(refused) {
    if (!this.#credentials) throw signedOutProblem();
    return this.#credentials.token === refused ? this.#renew() : this.#credentials.token;
  }

  // Concurrent requests share one renewal. It is of the same demo traveller.
  #renew(subject = this.#credentials?.subject ?? null) {
    if (this.#renewal) return this.#renewal;
    const renewal = this.#fetchCredentials(subject).then((credentials) => {
      if (this.#renewal !== renewal) throw signedOutProblem();   // signed out in the meantime
      const before = this.user;
      this.#credentials = credentials;
      tabStorage.set(STORAGE_KEY, credentials);
      if (this.user !== before) {
        deviceStorage.set(USER_KEY, { subject, user: this.user });
        this.dispatchEvent(new Event("change"));
      }
      return credentials.token;
    }).finally(() => {
      if (this.#renewal === renewal) this.#renewal = null;
    });
    this.#renewal = renewal;
    return renewal;
  }

  async #fetchCredentials(subject) {
    const form = { client_id: this.#config.client_id, grant_type: "client_credentials", ...(subject && { sub: subject }) };
    let response;
    try {
      response = await fetch(`${this.#config.issuer.replace(/\/$/, "")}/token`, {
        method: "POST",
        body: new URLSearchParams(form),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
    } catch {
      throw networkProblem();
    }
    const body = await response.json().catch(() => null);
    if (!response.ok || !body?.access_token) {
      throw new Problem("sign_in_failed", "The sign-in didn't work.", { retry: true, status: response.status });
    }
    const lifetime = (Number(body.expires_in) || DEFAULT_LIFETIME_S) * 1000;
    return { token: body.access_token, subject, lifetime, expires: Date.now() + lifetime };
  }
}

/**
 * Returns credentials that have expired, of the user who signed in last on this device, or null. With them the page opens
 * without a connection; the first request gets a token.
 */
function rememberedUser() {
  const remembered = deviceStorage.get(USER_KEY);
  return remembered && { ...remembered, token: null, lifetime: 0, expires: 0 };
}

/** Returns the `sub` claim of a JWT. */
function subjectOf(token) {
  try {
    const claims = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return String(JSON.parse(claims).sub);
  } catch {
    return "unknown";
  }
}
