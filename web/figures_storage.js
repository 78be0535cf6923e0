// The last known figures of a user, stored on this device for when there is no connection.

import { deviceStorage } from "./storage.js";

/** The key contains the user's id: another user who signs in on this device finds nothing of this one. */
export class FiguresStorage {
  #key;

  constructor(user) {
    this.#key = `pam.${user}.figures`;
  }

  /** Stores the body of GET /v1/spend-summary. */
  save(answer) {
    deviceStorage.set(this.#key, answer);
  }

  /** Returns the answer that was stored last, or null. */
  load() {
    return deviceStorage.get(this.#key);
  }
}
