// The user's conversation with Claude: its messages, which are stored until they are answered, and its id.

import { ConversationStorage } from "./conversation_storage.js";
import { Delivery } from "./delivery.js";
import { Message } from "./message.js";

const newConversation = () => ({ localId: crypto.randomUUID(), id: null });

/** Fires "change" when another conversation starts, or the current one gets its id from the server. */
export class Conversation extends EventTarget {
  #delivery;
  #storage = null;
  #current = newConversation();

  /** `getContext(text)` returns the context to send with a question, which is never stored: {timezone, location?}. */
  constructor(socket, getContext) {
    super();
    this.#delivery = new Delivery(socket, getContext);
    this.#delivery.addEventListener("progress", ({ detail }) => this.#onProgress(detail));
  }

  /** Whether the next question continues a conversation. */
  get hasStarted() {
    const { id, localId } = this.#current;
    return id !== null || this.#delivery.messages.some((message) => message.localConversationId === localId);
  }

  /** Returns the id for a request of the current conversation, and stores it: the device chooses it. */
  claimId() {
    if (this.#storage) this.#setCurrent(this.#current);
    return this.#current.id ?? this.#current.localId;
  }

  /** Loads the user's stored conversation; returns the messages that aren't on the page yet. */
  load(user) {
    this.#storage = new ConversationStorage(user);
    this.#current = this.#storage.conversation ?? newConversation();
    const shown = new Set(this.#delivery.messages.map(({ id }) => id));
    const records = this.#storage.loadMessages().filter(({ id }) => !shown.has(id));
    const restored = records.map((record) => new Message(record));
    this.#delivery.add(...restored);
    this.#emitChange();
    return restored;
  }

  /** Drops all messages from this page; what is stored remains for the next load(). */
  unload() {
    this.#delivery.clear();
    this.#storage = null;
    this.#current = newConversation();
    this.#emitChange();
  }

  /** Drops all messages and removes what is stored. */
  clear() {
    this.#storage?.clear();
    this.unload();
  }

  /** Makes the next question start another conversation. */
  startNew() {
    this.#setCurrent(newConversation());
    this.#emitChange();
  }

  /** Sends a question now, or when the socket is connected; returns its Message. */
  ask(text) {
    const newest = Math.max(0, ...this.#delivery.messages.map((message) => message.askedAt));
    const message = new Message({
      id: crypto.randomUUID(), text,
      askedAt: Math.max(Date.now(), newest + 1),   // restored messages are sorted by this
      localConversationId: this.#current.localId, conversationId: this.#current.id,
    });
    this.#setCurrent(this.#current);
    this.#storage.saveMessage(message.record);
    this.#delivery.add(message);
    this.#emitChange();
    return message;
  }

  /** Stops an answer; returns false if the question was never sent, and is dropped instead. */
  cancel(message) {
    if (message.wasSent) {
      this.#delivery.cancel(message);
      return true;
    }
    this.#remove(message);
    this.#emitChange();
    return false;
  }

  /** Sends the decision on a confirmation, "yes" or "no"; returns false if not connected. */
  decide(message, request, decision) {
    return this.#delivery.decide(message, request, decision);
  }

  /** Closes a confirmation that nobody decided in time. */
  expireConfirmation(message, confirmationId) {
    message.closeConfirmation(confirmationId);
    this.#delivery.expireConfirmation(confirmationId);
    if (message.isComplete) this.#remove(message);
  }

  #onProgress(message) {
    if (message.conversationId) this.#assignId(message);
    if (message.isComplete) this.#remove(message);
    else this.#storage.saveMessage(message.record);
  }

  /** Applies the server's conversation id to all messages of the same conversation. */
  #assignId({ localConversationId, conversationId }) {
    for (const other of this.#delivery.messages) {
      if (other.localConversationId !== localConversationId || other.conversationId) continue;
      other.conversationId = conversationId;
      this.#storage.saveMessage(other.record);
    }
    if (this.#current.localId !== localConversationId || this.#current.id) return;
    this.#setCurrent({ localId: localConversationId, id: conversationId });
    this.#emitChange();
  }

  #setCurrent(conversation) {
    this.#current = this.#storage.conversation = conversation;
  }

  #remove(message) {
    this.#delivery.remove(message);
    this.#storage?.removeMessage(message.id);
  }

  #emitChange() {
    this.dispatchEvent(new Event("change"));
  }
}
