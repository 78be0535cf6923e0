// The user's conversation with Claude: its messages, which are stored until they are answered, and its id.

import { ConversationStorage } from "./conversation_storage.js";
import { Delivery } from "./delivery.js";
import { Message } from "./message.js";

const newConversation = () => ({ localId: crypto.randomUUID(), id: null });

/** Fires "change" when another conversation starts, or the current one gets its id from the server. */
export class Conversation extends EventTarget {
  #delivery;
  /** @type {ConversationStorage | null} */
  #storage = null;
  #current = newConversation();
  #hasAnswers = false;
  #shown = new Set();   // ids of the messages and answers on the page

  /** `getContext(message)` returns the context to send with a question: {timezone, typed_at, location?}. */
  constructor(socket, getContext) {
    super();
    this.#delivery = new Delivery(socket, getContext);
    this.#delivery.addEventListener("progress", ({ detail }) => this.#onProgress(detail));
  }

  /** Whether the next question continues a conversation. */
  get hasStarted() {
    const { id, localId } = this.#current;
    const isCurrent = (message) => message.localConversationId === localId;
    return id !== null || this.#hasAnswers || this.#delivery.messages.some(isCurrent);
  }

  get isConnected() {
    return this.#delivery.isConnected;
  }

  /** Returns the id for a request of the current conversation, and stores it: the device chooses it. */
  claimId() {
    if (this.#storage) this.#setCurrent(this.#current);
    return this.#current.id ?? this.#current.localId;
  }

  /**
   * Loads the user's stored conversation. Returns {answers, messages} that aren't on the page yet: the records of
   * finished answers, and the messages without one.
   */
  load(user) {
    this.#storage = new ConversationStorage(user);
    this.#current = this.#storage.conversation ?? newConversation();
    const isNew = ({ id }) => !this.#shown.has(id);
    const answers = this.#storage.loadAnswers(this.#current.localId).filter(isNew);
    const messages = this.#storage.loadMessages().filter(isNew).map((record) => new Message(record));
    for (const { id } of [...answers, ...messages]) this.#shown.add(id);
    this.#hasAnswers ||= answers.length > 0;
    for (const message of messages) message.wasQueued = true;
    this.#delivery.add(...messages);
    this.#emitChange();
    return { answers, messages };
  }

  /** The number of messages that PAM doesn't have yet. */
  get unsentCount() {
    return this.#delivery.messages.filter(({ state }) => state === "waiting" || state === "sent").length;
  }

  /** Drops all messages from this page; what is stored remains for the next load(). */
  unload() {
    this.#delivery.clear();
    this.#shown.clear();
    this.#hasAnswers = false;
    this.#storage = null;
    this.#current = newConversation();
    this.#emitChange();
  }

  /** Drops all messages and removes what is stored; with `keepMessages` all but the messages without an answer. */
  clear(options) {
    this.#storage?.clear(options);
    this.unload();
  }

  /** Stores a finished answer over HTTP, {text, data, ms, …}, to be shown again after a reload. */
  saveAnswer(answer) {
    if (!this.#storage) return;   // signed out in the meantime
    const id = crypto.randomUUID();
    this.#shown.add(id);
    this.#setCurrent(this.#current);
    this.#storage.saveAnswer({ id, askedAt: Date.now(), localConversationId: this.#current.localId, ...answer });
    this.#hasAnswers = true;
    this.#emitChange();
  }

  /** Stores that a write of an answer was undone, and the sentence about it. */
  saveUndo(href, text) {
    for (const answer of this.#storage?.loadAnswers(this.#current.localId) ?? []) {
      if (!JSON.stringify(answer).includes(JSON.stringify(href))) continue;
      this.#storage?.saveAnswer({ ...answer, undone: { ...answer.undone, [href]: text } });
    }
  }

  /** Stores what the user said of an answer; its message may still wait for a confirmation. */
  saveVerdict(messageId, verdict) {
    const message = this.#delivery.messages.find(({ id }) => id === messageId);
    if (message) {
      message.verdict = verdict;
      this.#storage?.saveMessage(message.record);
    }
    for (const answer of this.#storage?.loadAnswers(this.#current.localId) ?? []) {
      if (messageId !== answer.id && messageId !== answer.data?.message_id) continue;
      this.#storage?.saveAnswer({ ...answer, verdict });
    }
  }

  /** Stores an expense in the lists that have it, as it is now; null removes it until it comes back. */
  saveExpense(id, expense) {
    for (const answer of this.#storage?.loadAnswers(this.#current.localId) ?? []) {
      const expenses = answer.data?.answer?.expenses;
      if (!Array.isArray(expenses)) continue;
      const removedFrom = { ...answer.removedFrom };
      const at = expenses.findIndex((each) => each.id === id);
      if (at >= 0) expenses.splice(at, 1, ...(expense ? [expense] : []));
      else if (expense && id in removedFrom) expenses.splice(removedFrom[id], 0, expense);
      else continue;
      if (expense) delete removedFrom[id];
      else removedFrom[id] = at;
      this.#storage?.saveAnswer({ ...answer, removedFrom });
    }
  }

  /** Makes the next question start another conversation. */
  startNew() {
    this.#storage?.clearAnswers();
    this.#hasAnswers = false;
    this.#setCurrent(newConversation());
    this.#emitChange();
  }

  /**
   * Sends a question now, or when the socket is connected; returns its Message. `failed` is the Message that asked it
   * before: what that one or an earlier one wrote isn't written again.
   * @param {string} text
   * @param {Message | null} [failed]
   */
  ask(text, failed = null) {
    const newest = Math.max(0, ...this.#delivery.messages.map((message) => message.askedAt));
    const message = new Message({
      id: crypto.randomUUID(), text,
      askedAt: Math.max(Date.now(), newest + 1),   // restored messages are sorted by this
      localConversationId: this.#current.localId, conversationId: this.#current.id,
      ...failed?.retry,
    });
    this.#setCurrent(this.#current);
    this.#shown.add(message.id);
    message.isStored = this.#storage?.saveMessage(message.record) ?? false;
    this.#delivery.add(message);
    if (message.state === "waiting") navigator.storage?.persist?.().catch(() => {});   // else browsers may evict it
    this.#emitChange();
    return message;
  }

  /** Stops an answer; returns false if the question was never sent, and is dropped instead. */
  cancel(message) {
    if (message.wasSent && !message.isExpired) {
      this.#delivery.cancel(message);
      return true;
    }
    this.#remove(message);
    this.#emitChange();
    return false;
  }

  /** Sends a message that has waited too long, as if it was typed now. */
  sendExpired(message) {
    message.renew();
    this.#storage?.saveMessage(message.record);
    this.#delivery.sendExpired(message);
  }

  /** Sends the decision on a confirmation, "yes" or "no"; returns false if not connected. */
  decide(message, request, decision) {
    return this.#delivery.decide(message, request, decision);
  }

  /** Closes a confirmation that nobody decided in time. */
  expireConfirmation(message, confirmationId) {
    message.closeConfirmation(confirmationId);
    this.#delivery.expireConfirmation(confirmationId);
    if (message.isComplete) this.#complete(message);
  }

  #onProgress(message) {
    if (message.conversationId) this.#assignId(message);
    if (message.isComplete) this.#complete(message);
    else this.#storage?.saveMessage(message.record);
  }

  /** Applies the server's conversation id to all messages of the same conversation. */
  #assignId({ localConversationId, conversationId }) {
    for (const other of this.#delivery.messages) {
      if (other.localConversationId !== localConversationId || other.conversationId) continue;
      other.conversationId = conversationId;
      this.#storage?.saveMessage(other.record);
    }
    if (this.#current.localId !== localConversationId || this.#current.id) return;
    this.#setCurrent({ localId: localConversationId, id: conversationId });
    this.#emitChange();
  }

  #setCurrent(conversation) {
    this.#current = conversation;
    if (this.#storage) this.#storage.conversation = conversation;
  }

  /** Replaces a message by its answer. */
  #complete(message) {
    this.#storage?.saveAnswer({ ...message.record, frames: message.frames });
    this.#remove(message);
  }

  #remove(message) {
    this.#delivery.remove(message);
    this.#storage?.removeMessage(message.id);
  }

  #emitChange() {
    this.dispatchEvent(new Event("change"));
  }
}
