// HTTP requests to the API, with the access token, a timeout and idempotency keys. Every failure is a Problem.

import { Outbox } from "./outbox.js";
import { networkProblem, Problem, responseProblem, timeoutProblem } from "./problem.js";

const REQUEST_TIMEOUT_MS = 15_000;

/**
 * Each request resolves with {data, ms, now}: the body, the response time as measured here, and the server's clock.
 * It rejects with a Problem.
 */
export class Api {
  #session;
  #clockOffset = 0;
  #knowsServerTime = false;

  constructor(session) {
    this.#session = session;
  }

  /** The server's clock in ms since 1970, estimated from the Date header of the latest response. */
  get now() {
    return Date.now() + this.#clockOffset;
  }

  /** Converts a time of this device's clock (ms since 1970) to the server's, as ISO 8601; it is never in the future. */
  toServerTime(ms) {
    return new Date(Math.min(ms + this.#clockOffset, this.now)).toISOString();
  }

  /** The signed-in user's writes whose outcome is unknown. */
  get outbox() {
    return new Outbox(this.#session.user);
  }

  get(path) {
    return this.#send("GET", path);
  }

  delete(path) {
    return this.#send("DELETE", path);
  }

  /** Sends a POST without an idempotency key: each request creates another resource. */
  postWithoutKey(path, body = {}) {
    return this.#send("POST", path, { body });
  }

  /**
   * Sends a POST with an idempotency key, which a repetition before the outcome is known reuses. `body` is what the
   * user entered; `context` is added to it, with the time and the time zone of the first attempt, but none of that
   * identifies the request: from another place it is still the same.
   */
  post(path, body, context = {}) {
    return this.#sendOnce(path, body, ({ key, at, timezone }) => this.#send("POST", path, {
      body: { ...body, ...context, timezone, typed_at: this.toServerTime(at) }, key,
    }));
  }

  /**
   * Sends a POST that was stored on this device: {key, body, at, timezone}, with when and where it was entered. The clock
   * of this device may be wrong: when it was entered is known by the server's.
   */
  async postQueued(path, { key, body, at, timezone }) {
    if (!this.#knowsServerTime) await this.get("/v1/profile");
    return this.#send("POST", path, { body: { ...body, timezone, typed_at: this.toServerTime(at) }, key });
  }

  /** Sends a PATCH with an idempotency key, as `post` does. */
  patch(path, body) {
    return this.#sendOnce(`PATCH ${path}`, body,
      ({ key, timezone }) => this.#send("PATCH", path, { body: { ...body, timezone }, key }));
  }

  /** Sends a DELETE with an idempotency key: repeated after a lost response, it gets the first answer, with its undo. */
  deleteOnce(path) {
    return this.#sendOnce(`DELETE ${path}`, null, ({ key }) => this.#send("DELETE", path, { key }));
  }

  async #sendOnce(request, body, send) {
    const outbox = this.outbox;
    const write = outbox.add(request, body);
    try {
      const response = await send(write);
      outbox.remove(write.key);
      return response;
    } catch (problem) {
      const isRefused = problem instanceof Problem && problem.status && !problem.retry && problem.status !== 401;
      if (isRefused) outbox.remove(write.key);
      throw problem;
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {{body?: object, key?: string}} [content]
   */
  async #send(method, path, { body, key } = {}) {
    const token = await this.#session.token();
    let response = await this.#fetch(method, path, body, key, token);
    if (response.status === 401) {
      const renewed = await this.#session.tokenAfter(token);
      response = await this.#fetch(method, path, body, key, renewed);
    }
    if (response.status === 401) this.#session.forget();
    if (!response.ok) throw responseProblem(response.status, response.data, response.requestId);
    if (response.data === null) throw networkProblem();
    return response;
  }

  async #fetch(method, path, body, key, token) {
    const headers = { Accept: "application/json", Authorization: `Bearer ${token}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    const started = performance.now();
    try {
      const response = await fetch(path, {
        method, headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      const text = await response.text();
      const ms = performance.now() - started;
      const now = Date.parse(response.headers.get("Date") ?? "") || Date.now();
      this.#clockOffset = now - Date.now();
      this.#knowsServerTime = true;
      const requestId = response.headers.get("apigw-requestid");
      return { ok: response.ok, status: response.status, data: parseJson(text), ms, now, requestId };
    } catch (error) {
      throw error instanceof DOMException && error.name === "TimeoutError" ? timeoutProblem() : networkProblem();
    }
  }
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
