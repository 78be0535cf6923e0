// The API over fetch: the token, the time limit, the idempotency key, and one kind of error, Problem.

import { keyFor, settle } from "./outbox.js";
import { Problem, refused, timedOut, unreachable } from "./problem.js";

const TIMEOUT_MS = 15_000;

export class Api {
  #session;
  #ahead = 0;

  constructor(session) {
    this.#session = session;
  }

  /** The server's clock, as far as its answers tell it: ms since 1970. */
  get now() {
    return Date.now() + this.#ahead;
  }

  get(path) {
    return this.#send("GET", path);
  }

  delete(path) {
    return this.#send("DELETE", path);
  }

  /** A POST that makes something else each time it is sent: it goes without a key. */
  another(path) {
    return this.#send("POST", path, { body: {} });
  }

  /**
   * A write. Sent again with the same body before its outcome is known, it goes under the same Idempotency-Key.
   * `circumstances` are sent along, but don't make it another write: somebody who drives on still means the same.
   */
  async post(path, body, circumstances = {}) {
    const key = keyFor(path, body);
    try {
      const answer = await this.#send("POST", path, { body: { ...body, ...circumstances }, key });
      settle(key);
      return answer;
    } catch (problem) {
      if (problem instanceof Problem && problem.status && !problem.retry && problem.status !== 401) settle(key);
      throw problem;
    }
  }

  /** → {data, ms, now}: the body, how long the answer took from here, and the server's clock (ms since 1970). */
  async #send(method, path, { body, key } = {}) {
    const token = await this.#session.token();
    let answer = await this.#fetch(method, path, body, key, token);
    if (answer.status === 401) {
      const renewed = await this.#session.tokenAfter(token);
      answer = await this.#fetch(method, path, body, key, renewed);
    }
    if (answer.status === 401) this.#session.signOut();
    if (!answer.ok) throw refused(answer.status, answer.data);
    if (answer.data === null) throw unreachable();
    return answer;
  }

  async #fetch(method, path, body, key, token) {
    const headers = { Accept: "application/json", Authorization: `Bearer ${token}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    const started = performance.now();
    try {
      const answer = await fetch(path, {
        method, headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const text = await answer.text();
      const ms = performance.now() - started;
      const now = Date.parse(answer.headers.get("Date")) || Date.now();
      this.#ahead = now - Date.now();
      return { ok: answer.ok, status: answer.status, data: parse(text), ms, now };
    } catch (fault) {
      throw fault.name === "TimeoutError" ? timedOut() : unreachable();
    }
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
