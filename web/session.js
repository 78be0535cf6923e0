// The signed-in user's access token. It is short-lived and renewed before it expires, or when the API refuses it.

import { DemoIssuer } from "./demo_issuer.js";
import { OpenIdIssuer } from "./openid_issuer.js";
import { SignInEndedProblem, signedOutProblem } from "./problem.js";
import { deviceStorage, tabStorage } from "./storage.js";

const STORAGE_KEY = "pam.session";
const USER_KEY = "pam.user";   // who signed in last on this device: {subject, user}, without a token
const RENEWAL_MARGIN_MS = 60_000;

/** `config` is config.json (local/site.py, local/publish.py). Fires "change" when a user signs in or out. */
export class Session extends EventTarget {
  #issuer;
  #credentials = tabStorage.get(STORAGE_KEY) ?? rememberedUser();   // {token, lifetime, expires, ...}, or null
  /** @type {Promise<string> | null} */
  #renewal = null;

  constructor(config) {
    super();
    this.#issuer = config.demo ? new DemoIssuer(config) : new OpenIdIssuer(config);
  }

  get signedIn() {
    return this.#credentials !== null;
  }

  /** The user's id from the token, or null. Only a storage key: the API verifies the token, this page doesn't. */
  get user() {
    return this.#credentials && (this.#credentials.user ?? subjectOf(this.#credentials.token));
  }

  /** Completes a sign-in from which the browser has come back; throws a Problem. */
  async complete() {
    const credentials = await this.#issuer.complete();
    if (credentials) this.#store(credentials);
  }

  /**
   * Signs in: as the demo issuer's default user or another of its travellers, whose id is given, or on the page of the
   * stage's issuer, for which the browser leaves this one. Throws a Problem.
   */
  async signIn(subject = null) {
    await this.#renew(() => this.#issuer.signIn(subject));
  }

  /** Signs out on this device, and then at the issuer, which may show a page of its own. */
  async signOut() {
    const credentials = this.#credentials;
    this.forget();
    if (credentials) await this.#issuer.signOut(credentials).catch(() => null);   // as far as it can be reached
  }

  /** Signs out on this device. */
  forget() {
    if (deviceStorage.get(USER_KEY)?.user === this.user) deviceStorage.remove(USER_KEY);
    this.#end();
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

  // Concurrent requests share one renewal. It is of the same user.
  #renew(fetchCredentials = () => this.#issuer.renew(this.#credentials)) {
    if (this.#renewal) return this.#renewal;
    const renewal = fetchCredentials().then((credentials) => {
      if (this.#renewal !== renewal) throw signedOutProblem();   // signed out in the meantime
      if (credentials) this.#store(credentials);
      return credentials?.token;
    }).catch((problem) => {
      if (!(problem instanceof SignInEndedProblem)) throw problem;
      if (this.#renewal === renewal) this.#end();   // who it was stays known, for a start without a connection
      throw problem;
    }).finally(() => {
      if (this.#renewal === renewal) this.#renewal = null;
    });
    this.#renewal = renewal;
    return renewal;
  }

  #store(credentials) {
    const before = this.user;
    this.#credentials = credentials;
    tabStorage.set(STORAGE_KEY, credentials);
    if (this.user === before) return;
    deviceStorage.set(USER_KEY, { subject: credentials.subject ?? null, user: this.user });
    this.dispatchEvent(new Event("change"));
  }

  #end() {
    this.#credentials = null;
    this.#renewal = null;
    tabStorage.remove(STORAGE_KEY);
    this.dispatchEvent(new Event("change"));
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
