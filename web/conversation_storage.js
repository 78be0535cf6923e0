// What this device stores of a user's conversation: messages without a final answer, and the current conversation.
// Each message has a key of its own, so that two tabs don't overwrite each other's.

import { deviceStorage } from "./storage.js";

const MESSAGE_TTL_MS = 24 * 3_600_000;

const isExpired = (message) => !(Date.now() - message?.askedAt < MESSAGE_TTL_MS);

/** The keys contain the user's id: another user who signs in on this device finds nothing of this one. */
export class ConversationStorage {
  #prefix;

  constructor(user) {
    this.#prefix = `pam.${user}`;
  }

  /** {localId, id}: `localId` identifies the conversation on this device, `id` is the server's id for it, or null. */
  get conversation() {
    return deviceStorage.get(`${this.#prefix}.conversation`);
  }

  set conversation(conversation) {
    deviceStorage.set(`${this.#prefix}.conversation`, conversation);
  }

  /** Returns the stored message records, oldest first; removes those older than a day. */
  loadMessages() {
    const records = [];
    for (const key of deviceStorage.keys(`${this.#prefix}.message.`)) {
      const message = deviceStorage.get(key);
      if (isExpired(message)) deviceStorage.remove(key);
      else records.push(message);
    }
    return records.sort((a, b) => a.askedAt - b.askedAt);
  }

  saveMessage(record) {
    deviceStorage.set(`${this.#prefix}.message.${record.id}`, record);
  }

  removeMessage(id) {
    deviceStorage.remove(`${this.#prefix}.message.${id}`);
  }

  /** Removes everything stored for this user. */
  clear() {
    for (const key of deviceStorage.keys(`${this.#prefix}.`)) deviceStorage.remove(key);
  }
}
