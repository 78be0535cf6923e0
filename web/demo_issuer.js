// Signing in to the demo: the local issuer gives a token for each of its travellers without a login.

import { networkProblem, Problem } from "./problem.js";

const REQUEST_TIMEOUT_MS = 10_000;
const DEFAULT_LIFETIME_S = 300;

export class DemoIssuer {
  #config;

  constructor(config) {
    this.#config = config;
  }

  /** Nothing is left to do when the page is loaded. */
  async complete() {
    return null;
  }

  /** Returns the credentials of a demo traveller, by default of the issuer's first one; throws a Problem. */
  async signIn(subject) {
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

  /** Returns new credentials of the same traveller; throws a Problem. */
  renew({ subject }) {
    return this.signIn(subject);
  }

  /** The issuer has no session that would end. */
  async signOut() {}
}
