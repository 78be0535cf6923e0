// The line to PAM: a WebSocket that is opened with a ticket, checked by pings, and opened again when it breaks.

import { backoff } from "./backoff.js";
import { Problem } from "./problem.js";

const PING_MS = 5 * 60_000;      // the gateway closes what is silent for ten minutes
const PONG_MS = 10_000;
const OPEN_MS = 15_000;
const STEADY_MS = 30_000;        // a line that held so long was a good one: the next failure is the first
const APART_MS = 1000;           // tries are never closer together, whatever the browser reports
const FRESH_MS = 30_000;

/**
 * Fires "frame" with what arrived as its detail, and "change" when `state` does:
 * {name, until}, `name` being "closed", "connecting", "connected", "offline" or "waiting" (until then, ms since 1970).
 * `getTicket()` resolves with {url, ticket}, a new one each time, or fails with a Problem.
 */
export class Socket extends EventTarget {
  state = { name: "closed", until: null };
  #getTicket;
  #line = null;
  #attempt = 0;      // counts tries, so that what belongs to an earlier one is told apart
  #failures = 0;
  #tried = 0;
  #heard = 0;
  #retry = 0;
  #ping = 0;
  #pong = 0;
  #doubtful = false; // the network has been away since the line was opened

  constructor(getTicket) {
    super();
    this.#getTicket = getTicket;
    addEventListener("online", () => this.#back());
    addEventListener("offline", () => {
      this.#doubtful = true;
      if (this.state.until) this.#become("offline", this.state.until);
      else this.check();
    });
    document.addEventListener("visibilitychange", () => {
      const fresh = this.state.name === "connected" && Date.now() - this.#heard < FRESH_MS;
      if (document.visibilityState === "visible" && !fresh) this.#hurry();
    });
  }

  /** Whether the last try failed, or the line broke. */
  get lost() {
    return this.#failures > 0;
  }

  open() {
    if (this.state.name === "closed") this.#connect();
  }

  close() {
    this.#hangUp();
    this.#failures = 0;
    this.#become("closed");
  }

  /** Sends a frame if the line is there; says whether it did. */
  send(frame) {
    if (this.state.name !== "connected") return false;
    this.#line.send(JSON.stringify(frame));
    return true;
  }

  /** Asks whether the line is really there. Without a word within ten seconds it isn't. */
  check() {
    if (this.#pong || !this.send({ action: "ping" })) return;
    this.#pong = setTimeout(() => this.#broke(), PONG_MS);
  }

  /** There is a network again. A line of the one before is most likely dead, and can take long to say so. */
  #back() {
    if (this.state.name === "connected" && this.#doubtful) this.#connectIn(0);
    else this.#hurry();
  }

  /** Something has changed for the better, or may have: no need to wait for the time of the next try. */
  #hurry() {
    if (this.state.name === "connected") this.check();
    else if (this.state.until) this.#connectIn(Math.max(0, this.#tried + APART_MS - Date.now()));
  }

  async #connect() {
    this.#hangUp();
    const attempt = this.#attempt;
    this.#tried = Date.now();
    this.#become("connecting");
    try {
      const { url, ticket } = await this.#getTicket();
      if (attempt === this.#attempt) this.#dial(`${url}?ticket=${encodeURIComponent(ticket)}`);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (attempt === this.#attempt) this.#broke(problem.wait);
    }
  }

  #dial(address) {
    const line = new WebSocket(address);
    this.#line = line;
    const slow = setTimeout(() => this.#line === line && this.#broke(), OPEN_MS);
    line.addEventListener("open", () => {
      clearTimeout(slow);
      if (this.#line === line) this.#opened();
    });
    line.addEventListener("close", () => {
      clearTimeout(slow);
      if (this.#line === line) this.#broke();
    });
    line.addEventListener("message", ({ data }) => {
      if (this.#line === line) this.#hear(data);
    });
  }

  #opened() {
    this.#heard = Date.now();
    this.#doubtful = false;
    this.#ping = setInterval(() => this.check(), PING_MS);
    this.#become("connected");
  }

  #hear(data) {
    this.#heard = Date.now();
    clearTimeout(this.#pong);
    this.#pong = 0;
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;   // not a frame of PAM's
    }
    if (frame?.type !== "pong") this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  /** `wait`: seconds that the server asked for. */
  #broke(wait = 0) {
    const steady = this.state.name === "connected" && Date.now() - this.#tried > STEADY_MS;
    this.#failures = steady ? 1 : this.#failures + 1;
    this.#hangUp();
    this.#connectIn(Math.max(1000 * wait, backoff(this.#failures - 1)));
  }

  #connectIn(ms) {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), ms);
    this.#become(navigator.onLine ? "waiting" : "offline", Date.now() + ms);
  }

  /** Ends the line, or the try that is under way. */
  #hangUp() {
    this.#attempt += 1;
    clearTimeout(this.#retry);
    clearInterval(this.#ping);
    clearTimeout(this.#pong);
    this.#pong = 0;
    const line = this.#line;
    this.#line = null;
    line?.close();
  }

  #become(name, until = null) {
    this.state = { name, until };
    this.dispatchEvent(new Event("change"));
  }
}
