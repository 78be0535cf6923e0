// Writes over HTTP whose outcome is unknown, with their idempotency keys. They survive a reload: the same body sent
// again, from whichever control, reuses its key, is executed once and is dated when it was first sent.

import { timezone } from "./dates.js";
import { tabStorage } from "./storage.js";

const KEY_TTL_MS = 24 * 3_600_000;   // later the same words are another entry

/** The writes of one user: another user who signs in in this tab has none of them. */
export class Outbox {
  #storageKey;

  constructor(user) {
    this.#storageKey = `pam.${user}.outbox`;
  }

  get isEmpty() {
    return !Object.keys(this.#load()).length;
  }

  /**
   * Returns a write whose outcome is unknown, or a new one: {key, at, timezone}, its idempotency key, the time it was
   * first sent (ms since 1970) and the time zone of that moment. `body` is what the user entered, and nothing else.
   */
  add(path, body) {
    const pending = this.#load();
    const write = fingerprint(path, body);
    pending[write] ??= { key: crypto.randomUUID(), at: Date.now(), timezone };
    tabStorage.set(this.#storageKey, pending);
    return pending[write];
  }

  /** Returns a write that was sent and whose outcome is unknown, or undefined. */
  find(path, body) {
    return this.#load()[fingerprint(path, body)];
  }

  /** Removes a write that was accepted or refused; the next one with the same body gets a new key. */
  remove(key) {
    const others = Object.entries(this.#load()).filter(([, write]) => write.key !== key);
    tabStorage.set(this.#storageKey, Object.fromEntries(others));
  }

  clear() {
    tabStorage.remove(this.#storageKey);
  }

  #load() {
    const writes = Object.entries(tabStorage.get(this.#storageKey) ?? {});
    return Object.fromEntries(writes.filter(([, write]) => Date.now() - write.at < KEY_TTL_MS));
  }
}

const fingerprint = (path, body) => `${path} ${JSON.stringify(body)}`;
