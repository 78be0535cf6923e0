// Who is signed in: a short-lived access token, renewed before it expires and when the API refuses it.

import { Problem, signedOut, unreachable } from "./problem.js";
import { forget, load, save } from "./store.js";

const SLOT = "pam.session";
const EARLY_MS = 60_000;
const TIMEOUT_MS = 10_000;

/** `config` is config.json: {issuer, client_id, demo}. Fires "change" when somebody signs in or out. */
export class Session extends EventTarget {
  #config;
  #held = load(SLOT);
  #renewal = null;

  constructor(config) {
    super();
    this.#config = config;
  }

  get signedIn() {
    return this.#held !== null;
  }

  /** The id of who is signed in, as the token says it; null for nobody. */
  get user() {
    return this.#held && subject(this.#held.token);
  }

  async signIn() {
    await this.#renew();
  }

  signOut() {
    this.#held = null;
    this.#renewal = null;
    forget(SLOT);
    this.dispatchEvent(new Event("change"));
  }

  /** A token that is good now, or a Problem. Waits for a sign-in that is under way. */
  async token() {
    if (this.#renewal) return this.#renewal;
    if (!this.#held) throw signedOut();
    const early = Math.min(EARLY_MS, this.#held.lifetime / 2);
    return Date.now() < this.#held.expires - early ? this.#held.token : this.#renew();
  }

  /** A token other than the one the API refused. */
  async tokenAfter(refused) {
    if (!this.#held) throw signedOut();
    return this.#held.token === refused ? this.#renew() : this.#held.token;
  }

  /** One renewal at a time, however many requests ask for it. */
  #renew() {
    if (this.#renewal) return this.#renewal;
    const renewal = this.#fetch().then((held) => {
      if (this.#renewal !== renewal) throw signedOut();   // signed out meanwhile
      const wasSignedIn = this.signedIn;
      this.#held = held;
      save(SLOT, held);
      if (!wasSignedIn) this.dispatchEvent(new Event("change"));
      return held.token;
    }).finally(() => {
      if (this.#renewal === renewal) this.#renewal = null;
    });
    this.#renewal = renewal;
    return renewal;
  }

  async #fetch() {
    let answer;
    try {
      answer = await fetch(`${this.#config.issuer.replace(/\/$/, "")}/token`, {
        method: "POST",
        body: new URLSearchParams({ client_id: this.#config.client_id, grant_type: "client_credentials" }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch {
      throw unreachable();
    }
    const body = await answer.json().catch(() => null);
    if (!answer.ok || !body?.access_token) {
      throw new Problem("sign_in_failed", "The sign-in didn't work.", { retry: true, status: answer.status });
    }
    const lifetime = (Number(body.expires_in) || 300) * 1000;
    return { token: body.access_token, lifetime, expires: Date.now() + lifetime };
  }
}

/** The `sub` of a token. Only a name to keep things under: what it is worth, the API decides. */
function subject(token) {
  try {
    const bytes = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return String(JSON.parse(bytes).sub);
  } catch {
    return "somebody";
  }
}
