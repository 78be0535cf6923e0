// A WebSocket that is opened with a ticket, checked by pings, and reconnected with exponential backoff.

import { backoffDelay } from "./backoff.js";
import { Problem } from "./problem.js";

const PING_INTERVAL_MS = 5 * 60_000;   // API Gateway closes a connection that is idle for ten minutes
const PONG_TIMEOUT_MS = 10_000;
const OPEN_TIMEOUT_MS = 15_000;
const STABLE_AFTER_MS = 30_000;        // the loss of a connection older than this restarts the backoff
const MIN_RETRY_INTERVAL_MS = 1000;    // also when browser events ask for an earlier retry
const FRESH_FOR_MS = 30_000;           // a connection that received something since then needs no check

/**
 * Fires "frame" with a received frame as its detail, and "change" when `state` changes:
 * {name, until}, `name` being "closed", "connecting", "connected", "offline" or "waiting" (for the next attempt, at
 * `until`, ms since 1970).
 * `getTicket()` resolves with {url, ticket}, a new one for each connection, or rejects with a Problem.
 */
export class ReconnectingSocket extends EventTarget {
  state = { name: "closed", until: null };
  #getTicket;
  /** @type {WebSocket | null} */
  #webSocket = null;
  #attempt = 0;               // identifies the current attempt, so that results of earlier ones are ignored
  #failures = 0;
  #attemptedAt = 0;
  #receivedAt = 0;
  #retryTimer = 0;
  #pingTimer = 0;
  #pongTimer = 0;
  #wasOffline = false;        // the network was lost since the connection was opened

  constructor(getTicket) {
    super();
    this.#getTicket = getTicket;
    addEventListener("online", () => this.#onOnline());
    addEventListener("offline", () => this.#onOffline());
    document.addEventListener("visibilitychange", () => {
      const isFresh = this.state.name === "connected" && Date.now() - this.#receivedAt < FRESH_FOR_MS;
      if (document.visibilityState === "visible" && !isFresh) this.#checkOrRetry();
    });
  }

  /** Whether the last attempt failed or the connection was lost. */
  get isReconnecting() {
    return this.#failures > 0;
  }

  open() {
    if (this.state.name === "closed") this.#connect();
  }

  close() {
    this.#disconnect();
    this.#failures = 0;
    this.#setState("closed");
  }

  /** Sends a frame if connected; returns whether it was sent. */
  send(frame) {
    if (this.state.name !== "connected") return false;
    this.#webSocket?.send(JSON.stringify(frame));
    return true;
  }

  /** Sends a ping; without any frame within the timeout, the connection is replaced. */
  ping() {
    if (this.#pongTimer || !this.send({ action: "ping" })) return;
    this.#pongTimer = setTimeout(() => this.#onFailure(), PONG_TIMEOUT_MS);
  }

  // A connection of the previous network is most likely dead; a ping would need the whole timeout to show it.
  #onOnline() {
    if (this.state.name === "connected" && this.#wasOffline) this.#scheduleConnect(0);
    else this.#checkOrRetry();
  }

  #onOffline() {
    this.#wasOffline = true;
    if (this.state.until) this.#setState("offline", this.state.until);
    else this.ping();
  }

  #checkOrRetry() {
    if (this.state.name === "connected") this.ping();
    else if (this.state.until) {
      this.#scheduleConnect(Math.max(0, this.#attemptedAt + MIN_RETRY_INTERVAL_MS - Date.now()));
    }
  }

  async #connect() {
    this.#disconnect();
    const attempt = this.#attempt;
    this.#attemptedAt = Date.now();
    this.#setState("connecting");
    try {
      const { url, ticket } = await this.#getTicket();
      if (attempt === this.#attempt) this.#openWebSocket(`${url}?ticket=${encodeURIComponent(ticket)}`);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (attempt === this.#attempt) this.#onFailure(problem.wait);
    }
  }

  #openWebSocket(url) {
    const webSocket = new WebSocket(url);
    const isCurrent = () => this.#webSocket === webSocket;
    this.#webSocket = webSocket;
    const timer = setTimeout(() => isCurrent() && this.#onFailure(), OPEN_TIMEOUT_MS);
    webSocket.addEventListener("open", () => {
      clearTimeout(timer);
      if (isCurrent()) this.#onOpen();
    });
    webSocket.addEventListener("close", () => {
      clearTimeout(timer);
      if (isCurrent()) this.#onFailure();
    });
    webSocket.addEventListener("message", ({ data }) => {
      if (isCurrent()) this.#onMessage(data);
    });
  }

  #onOpen() {
    this.#receivedAt = Date.now();
    this.#wasOffline = false;
    this.#pingTimer = setInterval(() => this.ping(), PING_INTERVAL_MS);
    this.#setState("connected");
  }

  #onMessage(data) {
    this.#receivedAt = Date.now();
    clearTimeout(this.#pongTimer);
    this.#pongTimer = 0;
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;   // not a frame of PAM's
    }
    if (frame?.type !== "pong") this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  /** Schedules a reconnect after a lost connection or a failed attempt; `wait` is the server's retry_after, in s. */
  #onFailure(wait = 0) {
    const wasStable = this.state.name === "connected" && Date.now() - this.#attemptedAt > STABLE_AFTER_MS;
    this.#failures = wasStable ? 1 : this.#failures + 1;
    this.#disconnect();
    this.#scheduleConnect(Math.max(1000 * wait, backoffDelay(this.#failures - 1)));
  }

  #scheduleConnect(ms) {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#connect(), ms);
    this.#setState(navigator.onLine ? "waiting" : "offline", Date.now() + ms);
  }

  /** Closes the connection, or cancels the attempt in progress. */
  #disconnect() {
    this.#attempt += 1;
    clearTimeout(this.#retryTimer);
    clearInterval(this.#pingTimer);
    clearTimeout(this.#pongTimer);
    this.#pongTimer = 0;
    const webSocket = this.#webSocket;
    this.#webSocket = null;
    webSocket?.close();
  }

  #setState(name, until = null) {
    this.state = { name, until };
    this.dispatchEvent(new Event("change"));
  }
}
