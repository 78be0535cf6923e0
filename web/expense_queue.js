// Expenses of the form that PAM doesn't have yet. They are stored on this device until they are added or refused.

import { timezone } from "./dates.js";
import { Problem } from "./problem.js";
import { deviceStorage } from "./storage.js";

const PATH = "/v1/expenses";
const RETRY_INTERVAL_MS = 30_000;
const LOCK = "pam.expenses";   // of all tabs one sends

/** An expense as it was entered: {key, body, at, timezone}, of the request that adds it, see Outbox. */
export class QueuedExpense extends EventTarget {
  /**
   * The Problem with which the API refused it, or null.
   * @type {Problem | null}
   */
  problem = null;

  /** Whether it is stored on this device; if not, it is lost with the page. */
  isStored = true;

  /** @param {{key: string, body: import("./api_types.js").NewExpense, at: number, timezone: string}} record */
  constructor({ key, body, at, timezone: zone }) {
    super();
    this.key = key;
    this.body = body;
    this.at = at;
    this.timezone = zone;
  }

  /** When it was entered (ms since 1970). */
  get askedAt() {
    return this.at;
  }

  get record() {
    const { key, body, at, timezone: zone } = this;
    return { key, body, at, timezone: zone };
  }
}

/**
 * Sends the expenses of a user one after another, in the order in which they were entered, each once for its key.
 * An expense fires "added" with {response} as its detail, or "refused".
 */
export class ExpenseQueue {
  #api;
  /** @type {string | null} */
  #user = null;
  /** @type {Map<string, QueuedExpense>} */
  #expenses = new Map();
  #timer = 0;
  #isSending = false;

  constructor(api) {
    this.#api = api;
    addEventListener("online", () => this.send());
  }

  /** The number of expenses that PAM doesn't have yet. */
  get size() {
    return this.#expenses.size;
  }

  /** Loads the expenses that this device stores of a user; returns those that aren't on the page yet, oldest first. */
  load(user) {
    this.#user = user;
    const records = deviceStorage.keys(this.#prefix).map((key) => deviceStorage.get(key)).filter(Boolean);
    const expenses = records.filter(({ key }) => !this.#expenses.has(key)).map((record) => new QueuedExpense(record));
    expenses.sort((a, b) => a.at - b.at);
    for (const expense of expenses) this.#expenses.set(expense.key, expense);
    this.send();
    return expenses;
  }

  /** Drops all expenses from this page; what is stored remains for the next load(). */
  unload() {
    this.#expenses.clear();
    this.#user = null;
  }

  /** Stores an expense and sends it as soon as possible. `body` is that of POST /v1/expenses; returns it. */
  add(body) {
    const { outbox } = this.#api;
    const write = outbox.add(PATH, body);   // the same, if it may have reached the API already
    outbox.remove(write.key);
    const newest = Math.max(0, ...[...this.#expenses.values()].map(({ at }) => at));
    const expense = new QueuedExpense({ ...write, timezone: write.timezone ?? timezone, body });
    expense.at = Math.max(expense.at, newest + 1);   // they are sorted by this
    this.#expenses.set(expense.key, expense);
    expense.isStored = deviceStorage.set(this.#prefix + expense.key, expense.record);
    navigator.storage?.persist?.().catch(() => { /* then the browser may evict it */ });
    this.send();
    return expense;
  }

  remove({ key }) {
    this.#expenses.delete(key);
    deviceStorage.remove(this.#prefix + key);
  }

  /** Sends what waits, until it is done or a request fails; then again after a while. */
  async send() {
    clearTimeout(this.#timer);
    if (this.#isSending || !this.#waiting.length || !navigator.onLine) return;
    this.#isSending = true;
    try {
      await withLock(() => this.#sendAll());
    } finally {
      this.#isSending = false;
    }
  }

  async #sendAll() {
    const user = this.#user;
    for (let next = this.#waiting[0]; next && this.#user === user; [next] = this.#waiting) {
      if (!await this.#sendOne(next)) return;
    }
  }

  /** Sends an expense; returns whether to go on with the next one. */
  async #sendOne(expense) {
    try {
      const response = await this.#api.postQueued(PATH, expense);
      this.remove(expense);
      expense.dispatchEvent(new CustomEvent("added", { detail: { response } }));
      return true;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (!problem.status || problem.retry || problem.status === 401) {
        this.#timer = setTimeout(() => this.send(), Math.max(RETRY_INTERVAL_MS, 1000 * problem.wait));
        return false;
      }
      expense.problem = problem;
      expense.dispatchEvent(new Event("refused"));
      return true;
    }
  }

  get #waiting() {
    return [...this.#expenses.values()].filter(({ problem }) => !problem).sort((a, b) => a.at - b.at);
  }

  get #prefix() {
    return `pam.${this.#user}.expense.`;
  }
}

const withLock = (work) => (navigator.locks ? navigator.locks.request(LOCK, work) : work());
