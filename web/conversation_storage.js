// What this device stores of a user's conversation: messages without a final answer, the answers of the current
// conversation, and its ids. Messages and answers have keys of their own, so that two tabs don't overwrite each other's.

import { deviceStorage } from "./storage.js";

const MAX_ANSWERS = 50;

const DEGREES = new Set(["latitude", "longitude"]);
const POSITIONS = [
  /[-−]?\d{1,2}\.\d{3,} ?°? ?[NS]?(?:, ?| and )(?:longitude )?[-−]?\d{1,3}\.\d{2,}(?: ?°)?(?: ?[EW]\b)?/gi,
  /(?<=\b(?:lat|lon|lng|latitude|longitude)\W{1,6})[-−]?\d{1,3}\.\d{2,}/gi,
];
const A_POSITION = "(a position)";

const byTime = (a, b) => a.askedAt - b.askedAt;

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

  /** Returns the stored message records, oldest first, however old they are. */
  loadMessages() {
    return this.#load("message").sort(byTime);
  }

  /** Stores a message record; returns false if this browser stores nothing, so that it is lost with the page. */
  saveMessage(record) {
    const key = `${this.#prefix}.message.${record.id}`;
    if (deviceStorage.set(key, record)) return true;
    this.#removeAll("answer");   // an unsent message is worth more than answers that can be asked for again
    return deviceStorage.set(key, record);
  }

  removeMessage(id) {
    deviceStorage.remove(`${this.#prefix}.message.${id}`);
  }

  /** Returns the answers of a conversation, oldest first: records with {id, askedAt, localConversationId, …}. */
  loadAnswers(localConversationId) {
    return this.#load("answer").filter((answer) => answer.localConversationId === localConversationId).sort(byTime);
  }

  /** Stores an answer without positions; of more than MAX_ANSWERS the oldest ones are removed. */
  saveAnswer({ text, ...answer }) {
    deviceStorage.set(`${this.#prefix}.answer.${answer.id}`, { text, ...withoutPositions(answer) });
    for (const { id } of this.#load("answer").sort(byTime).slice(0, -MAX_ANSWERS)) {
      deviceStorage.remove(`${this.#prefix}.answer.${id}`);
    }
  }

  /** Removes all answers. */
  clearAnswers() {
    this.#removeAll("answer");
  }

  /** Removes everything stored for this user; with `keepMessages` all but the messages and expenses that wait. */
  clear({ keepMessages = false } = {}) {
    const kept = keepMessages ? [`${this.#prefix}.message.`, `${this.#prefix}.expense.`] : [];
    for (const key of deviceStorage.keys(`${this.#prefix}.`)) {
      if (!kept.some((prefix) => key.startsWith(prefix))) deviceStorage.remove(key);
    }
  }

  #load(kind) {
    const keys = deviceStorage.keys(`${this.#prefix}.${kind}.`);
    return keys.map((key) => deviceStorage.get(key)).filter((record) => record !== null);
  }

  #removeAll(kind) {
    for (const key of deviceStorage.keys(`${this.#prefix}.${kind}.`)) deviceStorage.remove(key);
  }
}

/**
 * Returns a copy without coordinates: answers contain where the device was, which isn't stored. The page shows none of
 * their fields; those in a text, such as that of a spot saved there, are replaced by words.
 */
function withoutPositions(answer) {
  return JSON.parse(JSON.stringify(answer, (key, value) => {
    if (DEGREES.has(key)) return undefined;
    if (typeof value === "string") return replacePositions(value).text;
    return value?.unverified ? { ...value, unverified: replacePositions(value.text, value.unverified).marks } : value;
  }));
}

/** Replaces the positions in a text by words; the marks `{start, end}` in it move with it, or go with a position. */
function replacePositions(text, marks = []) {
  for (const pattern of POSITIONS) {
    const found = [...text.matchAll(pattern)].reverse();
    for (const { 0: position, index } of found) {
      const end = index + position.length;
      const shift = A_POSITION.length - position.length;
      text = text.slice(0, index) + A_POSITION + text.slice(end);
      marks = marks
        .filter((mark) => mark.end <= index || mark.start >= end)
        .map((mark) => (mark.start < end ? mark : { ...mark, start: mark.start + shift, end: mark.end + shift }));
    }
  }
  return { text, marks };
}
