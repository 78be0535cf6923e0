// What this device keeps of a traveller's conversation: messages without an end, and which conversation goes on.
// A message has an entry of its own, so that two tabs don't overwrite each other.

import { lasting } from "./store.js";

const KEPT_MS = 24 * 3_600_000;

/** `user` is the traveller's id: who signs in next on this device finds nothing of the one before. */
export class Kept {
  #slot;

  constructor(user) {
    this.#slot = `pam.${user}`;
  }

  /** {talk, id}: `talk` names the conversation on this page, `id` is the server's name for it, or null. */
  get conversation() {
    return lasting.load(`${this.#slot}.conversation`);
  }

  set conversation(conversation) {
    lasting.save(`${this.#slot}.conversation`, conversation);
  }

  /** Messages as `keep` was given them, oldest first. A day later nobody waits for an answer. */
  messages() {
    const kept = lasting.names(`${this.#slot}.message.`).map((name) => [name, lasting.load(name)]);
    for (const [name, message] of kept) if (!(Date.now() - message?.at < KEPT_MS)) lasting.forget(name);
    return kept.map(([, message]) => message)
      .filter((message) => Date.now() - message?.at < KEPT_MS)
      .sort((one, other) => one.at - other.at);
  }

  keep(message) {
    lasting.save(`${this.#slot}.message.${message.id}`, message);
  }

  drop(id) {
    lasting.forget(`${this.#slot}.message.${id}`);
  }

  forget() {
    for (const name of lasting.names(`${this.#slot}.`)) lasting.forget(name);
  }
}
