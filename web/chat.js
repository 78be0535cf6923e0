// Answers questions: over HTTP those with a fast answer, the others in the conversation with Claude.

import { answerCard } from "./cards/answer.js";
import { card } from "./cards/card.js";
import { claudeAnswerCard } from "./cards/claude_answer.js";
import { expenseCard } from "./cards/expense.js";
import { failureCard } from "./cards/failure.js";
import { feedbackControl } from "./cards/feedback_control.js";
import { locationPromptCard } from "./cards/location_prompt.js";
import { placeChoicesCard } from "./cards/place_choices.js";
import { queuedExpenseCard } from "./cards/queued_expense.js";
import { storedUndoCard } from "./cards/stored_undo.js";
import { timezone } from "./dates.js";
import { announce, el, withoutAnnouncements } from "./dom.js";
import { QueuedExpense } from "./expense_queue.js";
import { CHAT_TIER, requiresLocation, usesLocation } from "./intents.js";
import { Message } from "./message.js";
import { Problem } from "./problem.js";
import { followScroll } from "./scroll_follow.js";
import { createSkeleton } from "./skeleton.js";
import { TurnList } from "./turn_list.js";
import { UndoStorage } from "./undo_storage.js";

const ASK_PATH = "/v1/ask";
const EXPENSE_INTENTS = ["add_expense", "correct_expense"];
const PAGING_SLOTS = ["category", "period", "limit"];

/**
 * Fires "datachange" after a write or an undo, and "answered", "failed" and "idle" with {text} as their detail.
 * `createSignInButton()` returns a button for a user who is signed out.
 */
export class Chat extends EventTarget {
  #api;
  #turns;
  #conversation;
  #session;
  #predictor;
  #location;
  #createSignInButton;
  #busy = false;
  /** @type {import("./turn_list.js").Turn | null} */
  #failedTurn = null;

  constructor(api, list, { conversation, session, predictor, location, createSignInButton }) {
    super();
    this.#api = api;
    this.#turns = new TurnList(list);
    this.#conversation = conversation;
    this.#session = session;
    this.#predictor = predictor;
    this.#location = location;
    this.#createSignInButton = createSignInButton;
  }

  get busy() {
    return this.#busy;
  }

  /** Answers a question. The text of the turn that failed last reuses that turn. */
  ask(text) {
    const turn = this.#failedTurn?.text === text ? this.#failedTurn : this.#turns.append(text);
    this.#run(turn);
  }

  /** Returns the context of a message: when it was typed, and the location where that is enabled and may matter. */
  getContext({ text, typedAt, zone }) {
    return { timezone: zone, typed_at: this.#api.toServerTime(typedAt), ...this.#locationContext(text) };
  }

  #locationContext(text) {
    const { position } = this.#location;
    return position && usesLocation(this.#predictor.predict(text)) ? { location: position } : {};
  }

  /** Shows an expense that was added with the form. */
  showAddedExpense({ data, ms, now }) {
    this.#showFastAnswer(this.#turns.append(null), { data: { intent: "add_expense", answer: data }, ms, now });
  }

  /** Shows an expense that waits for the connection; `actions` are {remove, change}, each called with it. */
  showQueuedExpense(expense, actions, turn = this.#turns.append(null)) {
    const node = queuedExpenseCard(expense, {
      remove: () => actions.remove(expense),
      change: () => actions.change(expense),
    });
    this.#turns.complete(turn, node);
    expense.addEventListener("added", ({ detail: { response } }) => {
      const { data, ms, now } = response;
      this.#showFastAnswer(turn, { data: { intent: "add_expense", answer: data }, ms, now });
    });
  }

  /** Shows what was stored before the page was loaded: answers, messages without one, and expenses that wait. */
  restore({ answers, messages, expenses }, expenseActions) {
    withoutAnnouncements(() => {
      const shown = [...answers, ...messages, ...expenses].sort((a, b) => a.askedAt - b.askedAt);
      for (const each of shown) {
        const turn = this.#turns.append(each.text ?? null);
        if (each instanceof QueuedExpense) this.showQueuedExpense(each, expenseActions, turn);
        else if (each instanceof Message) this.#showMessage(turn, each);
        else this.#showAnswer(turn, each);
      }
      if (shown.length) this.#turns.scrollToLast();
    });
  }

  /**
   * Shows a stored answer: {data, ms} of a fast one, else the record and the frames of its message.
   * @param {import("./turn_list.js").Turn} turn
   * @param {any} answer
   */
  #showAnswer(turn, { data, ms, frames, undone = {}, ...record }) {
    if (data) {
      this.#turns.setAnswer(turn, this.#fastAnswerCard(data, { ms, now: this.#api.now }, undone));
      if (data.message_id) this.#offerFeedback(turn, data.message_id, record.verdict);
      return;
    }
    const message = new Message({ ...record, accepted: true });
    this.#showMessage(turn, message, { undone, isRestored: true });
    message.replay(frames);
  }

  /** Shows the writes from before the page was loaded that can still be undone, unless another card shows them. */
  restoreUndo() {
    const isShown = ({ href }) => document.querySelector(`[data-undo="${CSS.escape(href)}"]`);
    const entries = this.#undoStorage.load().filter((entry) => !isShown(entry));
    if (!entries.length) return;
    this.#turns.setAnswer(this.#turns.append(null), storedUndoCard(entries, (href) => this.#undo(href)));
  }

  startNewConversation() {
    this.#conversation.startNew();
    this.#turns.appendDivider("New conversation");
    announce("Your next question begins a new conversation.");
  }

  clear() {
    this.#turns.clear();
    this.#failedTurn = null;
  }

  #run(turn) {
    const route = this.#predictor.predict(turn.text);
    if (this.#session.signedIn && !navigator.onLine) return this.#queue(turn);
    if (this.#session.signedIn && route?.tier === CHAT_TIER) return this.#sendToClaude(turn);
    return this.#askApi(turn, route);
  }

  async #askApi(turn, route) {
    this.#busy = true;
    this.#failedTurn = null;
    this.#turns.setAnswer(turn, createSkeleton(route));
    turn.node.scrollIntoView();
    try {
      // The API notes a fast answer for the conversation's next question to Claude.
      const context = { conversation_id: this.#conversation.claimId(), ...this.#locationContext(turn.text) };
      const response = await this.#api.post(ASK_PATH, { text: turn.text }, context);
      if (response.data.tier === CHAT_TIER) this.#onNoFastAnswer(turn, route);
      else this.#showFastAnswer(turn, response);
      this.#emit("answered", turn.text);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#onFailure(turn, problem);
    } finally {
      this.#busy = false;
      this.#emit("idle", turn.text);
    }
  }

  #onNoFastAnswer(turn, route) {
    if (!requiresLocation(route) || this.#location.position) return this.#sendToClaude(turn);
    return this.#turns.complete(turn, this.#locationPrompt(turn));
  }

  /** Asks in the conversation; `failed` is the Message that asked the same before. */
  #sendToClaude(turn, failed = null) {
    this.#failedTurn = null;
    this.#showMessage(turn, this.#conversation.ask(turn.text, failed));
    turn.node.scrollIntoView();
    this.#emit("answered", turn.text);   // from here on the conversation stores the text
    this.#emit("idle", turn.text);
  }

  /** Shows the answer to a message while its frames arrive, or are repeated from storage. */
  #showMessage(turn, message, { undone = {}, isRestored = false } = {}) {
    const conversation = this.#conversation;
    this.#turns.setAnswer(turn, claudeAnswerCard(message, {
      cancel: () => conversation.cancel(message),
      decide: (request, decision) => conversation.decide(message, request, decision),
      expireConfirmation: (id) => conversation.expireConfirmation(message, id),
      now: () => this.#api.now,
      retry: () => this.#askAgain(turn, message),
      sendExpired: () => conversation.sendExpired(message),
      undo: (href) => this.#undo(href),
      undone,
    }));
    message.addEventListener("change", followScroll);
    message.addEventListener("frame", ({ detail: frame }) => {
      if (frame.type === "done") this.#offerFeedback(turn, message.id, message.verdict);
      if (frame.type === "done" && frame.tier !== CHAT_TIER) {
        const timing = { ms: frame.latency_ms?.total, now: this.#api.now };
        if (isRestored) this.#turns.setAnswer(turn, this.#fastAnswerCard(frame, timing, undone));
        else this.#completeFastAnswer(turn, frame, timing);
      } else if (frame.type === "error" && frame.choices?.length) {
        this.#showPlaceChoices(turn, frame);
      } else if (isRestored) {
        return;
      } else if (frame.type === "confirmed" || frame.undo?.length) this.#emitDataChange();
      for (const entry of frame.undo ?? []) this.#rememberUndo(entry, entry.text, this.#api.now);
      followScroll();
    });
  }

  /**
   * Sends the question again as a new message, below what there is of the first answer. It goes to the conversation even
   * if a fast answer is predicted: over HTTP it would be another request, which writes again.
   */
  #askAgain(turn, message) {
    turn.answer = null;
    this.#sendToClaude(turn, message);
  }

  /** Shows a fast answer from HTTP, and stores it. */
  #showFastAnswer(turn, { data, ms, now }) {
    this.#completeFastAnswer(turn, data, { ms, now });
    if (data.message_id) this.#offerFeedback(turn, data.message_id);
    this.#conversation.saveAnswer({ text: turn.text, data, ms });
  }

  /** Shows, below an answer, how to say what it was like; `given` is the verdict from before the page was loaded. */
  #offerFeedback(turn, messageId, given = null) {
    turn.node.querySelector(":scope > .feedback")?.remove();
    turn.node.append(feedbackControl(async (verdict) => {
      await this.#api.postWithoutKey("/v1/feedback", { message_id: messageId, verdict });
      this.#conversation.saveVerdict(messageId, verdict);
    }, given));
  }

  #completeFastAnswer(turn, data, timing) {
    this.#turns.complete(turn, this.#fastAnswerCard(data, timing));
    if (EXPENSE_INTENTS.includes(data.intent)) this.#emitDataChange();
  }

  /** Creates the card of a fast answer. `undone` has sentences about writes that were undone, by their href. */
  #fastAnswerCard(data, { ms, now }, undone = {}) {
    if (EXPENSE_INTENTS.includes(data.intent)) {
      const undoText = undone[data.answer.undo?.href];
      if (undoText) return card({ ...data.answer, isWrite: true }, undoText, el("p", { class: "muted" }, "Undone"));
      return this.#expenseCard(data.answer, { ms, now });
    }
    const fetchPage = (cursor) => this.#fetchExpensePage(data.slots, cursor);
    return answerCard(data, { ms, fetchPage, actions: this.#expenseActions() });
  }

  async #fetchExpensePage(slots, cursor) {
    const filters = PAGING_SLOTS.filter((name) => name in slots).map((name) => [name, slots[name]]);
    const query = new URLSearchParams([...filters, ["timezone", timezone], ["cursor", cursor]]);
    const { data } = await this.#api.get(`/v1/expenses?${query}`);
    return data;
  }

  #locationPrompt(turn) {
    return locationPromptCard(async () => {
      if (await this.#location.enable()) this.#busy || this.#run(turn);
      else announce(this.#location.error);
    });
  }

  /** Returns what a row of expenses can do; each resolves with {data, expiresAt} or a body. */
  #expenseActions() {
    const change = async (id, request) => {
      const { data, now } = await request;
      this.#conversation.saveExpense(id, data.expense ?? null);
      this.#emitDataChange();
      return { data, expiresAt: this.#rememberUndo(data.undo, data.text, now, data.before ?? data.deleted) };
    };
    return {
      update: (id, changes) => change(id, this.#api.patch(`/v1/expenses/${id}`, changes)),
      remove: (id) => change(id, this.#api.deleteOnce(`/v1/expenses/${id}`)),
      undo: (href) => this.#undo(href),
    };
  }

  /**
   * Stores an undo for after a reload; returns its end on this device's clock. `now` is the server's clock, `before` the
   * expense that a change of it brings back.
   */
  #rememberUndo(undo, text, now, before = null) {
    if (!undo) return null;
    const expiresAt = Date.now() + (Date.parse(undo.expires_at) - now);
    this.#undoStorage.save({ href: undo.href, text, expiresAt, before });
    return expiresAt;
  }

  get #undoStorage() {
    return new UndoStorage(this.#session.user);
  }

  #expenseCard(answer, timing) {
    this.#rememberUndo(answer.undo, answer.text, timing.now);
    return expenseCard(answer, timing, (href) => this.#undo(href));
  }

  async #undo(href) {
    const { data } = await this.#api.delete(href);
    const before = this.#undoStorage.load().find((entry) => entry.href === href)?.before;
    this.#undoStorage.remove(href);
    this.#conversation.saveUndo(href, data.text);
    if (before) this.#conversation.saveExpense(before.id, before);
    this.#emitDataChange();
    return data;
  }

  /** Shows which places a question can be about; each button asks the question about one of them. */
  #showPlaceChoices(turn, problem) {
    this.#turns.complete(turn, placeChoicesCard(problem, (question) => this.#busy || this.ask(question)));
  }

  /** Queues a question in the conversation: one that may have reached the API already, with the key of that request. */
  #queue(turn) {
    const { outbox } = this.#api;
    const write = outbox.find(ASK_PATH, { text: turn.text });
    if (write) outbox.remove(write.key);
    const { key: retryOf, at: firstAskedAt, timezone: zone } = write ?? {};
    this.#sendToClaude(turn, write && { retry: { retryOf, firstAskedAt, zone } });
  }

  #onFailure(turn, problem) {
    if (!problem.status && problem.retry && this.#session.signedIn && !this.#conversation.isConnected) {
      return this.#queue(turn);
    }
    if (problem.choices.length) {
      this.#showPlaceChoices(turn, problem);
      this.#emit("answered", turn.text);
      return;
    }
    this.#failedTurn = turn;
    if (problem.code === "location_needed") this.#turns.complete(turn, this.#locationPrompt(turn));
    else this.#turns.complete(turn, failureCard(problem, {
      retry: () => this.#busy || this.#run(turn),
      signInButton: this.#createSignInButton(),
    }));
    this.#emit("failed", turn.text);
  }

  #emitDataChange() {
    this.dispatchEvent(new Event("datachange"));
  }

  #emit(name, text) {
    this.dispatchEvent(new CustomEvent(name, { detail: { text } }));
  }
}
