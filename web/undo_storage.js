// The writes of a user that can still be undone, stored on this device, so that their undo survives a reload.

import { deviceStorage } from "./storage.js";

/** The keys contain the user's id: another user who signs in on this device finds nothing of this one. */
export class UndoStorage {
  #prefix;

  constructor(user) {
    this.#prefix = `pam.${user}.undo.`;
  }

  /**
   * Stores a write: its text, the request that undoes it, the end of its undo (ms since 1970, this device's clock), and
   * the expense that its undo brings back, or null.
   */
  save({ href, text, expiresAt, before = null }) {
    deviceStorage.set(this.#prefix + href, { href, text, expiresAt, before });
  }

  remove(href) {
    deviceStorage.remove(this.#prefix + href);
  }

  /** Returns the writes that can still be undone, the oldest first; removes the others. */
  load() {
    const entries = [];
    for (const key of deviceStorage.keys(this.#prefix)) {
      const entry = deviceStorage.get(key);
      if (entry?.expiresAt > Date.now()) entries.push(entry);
      else deviceStorage.remove(key);
    }
    return entries.sort((a, b) => a.expiresAt - b.expiresAt);
  }
}
