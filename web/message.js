// One question sent over the socket, and the state of its answer.

import { timezone } from "./dates.js";
import { FrameSequencer } from "./frame_sequencer.js";

/** How long a message may wait: then its user is asked, since the API takes none that was typed longer ago. */
export const MAX_WAIT_MS = 30 * 24 * 3_600_000;

/**
 * @typedef {object} MessageRecord
 * @property {string} id
 * @property {string} text
 * @property {number} askedAt
 * @property {string} [zone]
 * @property {string} localConversationId
 * @property {string | null} [conversationId]
 * @property {string | null} [retryOf]
 * @property {number | null} [firstAskedAt]
 * @property {boolean} [wasSent]
 * @property {boolean} [accepted]
 * @property {string | null} [verdict]
 */

/**
 * `state` is "waiting" (for the connection), "sent", "accepted" or "ended". Fires "change" with it and with `online`,
 * "frame" for each frame of the answer, once and in order, and "decision_rejected" with {confirmationId, error}.
 */
export class Message extends EventTarget {
  online = false;
  #frames = new FrameSequencer();
  #openConfirmations = new Set();

  /** The frames that show the answer again: those handled so far, in order, with adjacent deltas as one. */
  frames = [];

  /** Whether it waited for a connection, or was loaded from this device. */
  wasQueued = false;

  /** Whether it is stored on this device; if not, it is lost with the page. */
  isStored = true;

  /**
   * What the user said of its answer, or null.
   * @type {string | null}
   */
  verdict = null;

  /**
   * `askedAt` (ms since 1970) and `zone` are when and in which time zone it was typed. `localConversationId` identifies
   * the conversation on this device; `conversationId` is the server's id for it, or null until an ack tells it. If it
   * asks a question again, `retryOf` is the id of the first message with it, and `firstAskedAt` when that was typed; else
   * they are null. `wasSent` means that the server may have the message, even without an ack.
   * @param {MessageRecord} record
   */
  constructor(record) {
    super();
    const { id, text, askedAt, zone = timezone, localConversationId, conversationId = null } = record;
    const { retryOf = null, firstAskedAt = null, wasSent = false, accepted = false } = record;
    this.id = id;
    this.text = text;
    this.askedAt = askedAt;
    this.zone = zone;
    this.localConversationId = localConversationId;
    this.conversationId = conversationId;
    this.retryOf = retryOf;
    this.firstAskedAt = firstAskedAt;
    this.wasSent = wasSent;
    this.verdict = record.verdict ?? null;
    this.state = accepted ? "accepted" : "waiting";
  }

  /** The constructor's argument for a message that continues where this one is. */
  get record() {
    const { id, text, askedAt, zone, localConversationId, conversationId } = this;
    const { retryOf, firstAskedAt, wasSent, verdict } = this;
    const accepted = this.state === "accepted" || this.state === "ended";
    return {
      id, text, askedAt, zone, localConversationId, conversationId, retryOf, firstAskedAt, wasSent, verdict, accepted,
    };
  }

  /** What a message that asks the same again has of this one; one that has waited too long is asked as if typed anew. */
  get retry() {
    const retryOf = this.retryOf ?? this.id;
    return this.isExpired ? { retryOf } : { retryOf, firstAskedAt: this.typedAt, zone: this.zone };
  }

  /** When the question was typed: days such as "yesterday" count from then, also when it is asked again. */
  get typedAt() {
    return this.firstAskedAt ?? this.askedAt;
  }

  /** The `seq` up to which all frames were received. */
  get lastSeq() {
    return this.#frames.lastSeq;
  }

  get hasGap() {
    return this.#frames.hasGap;
  }

  /** Whether the answer has ended and no confirmation is open, so that no more frames can come. */
  get isComplete() {
    return this.state === "ended" && !this.#openConfirmations.size;
  }

  /** Whether it has waited so long that it is only sent if the user says so. */
  get isExpired() {
    return this.state === "waiting" && Date.now() - this.typedAt > MAX_WAIT_MS;
  }

  /** Makes it a message that is typed now. */
  renew() {
    Object.assign(this, { askedAt: Date.now(), firstAskedAt: null, zone: timezone });
  }

  setState(state, online = this.online) {
    if (this.state === state && this.online === online) return;
    Object.assign(this, { state, online });
    this.dispatchEvent(new Event("change"));
  }

  /** Adds a received frame; handles it and those buffered behind it when their turn comes. */
  receive(frame) {
    for (const next of this.#frames.push(frame)) this.#handle(next);
  }

  /** Shows the answer of a message from before the page was loaded, from its `frames`. */
  replay(frames) {
    for (const frame of frames) this.#handle(frame);
  }

  /** Ends the message with an error that has no `seq`. */
  fail({ code, message, retry_after }) {
    this.#handle({ type: "error", code, message, retry_after });
  }

  /** Reports that the server rejected a decision, with its error. */
  rejectDecision(confirmationId, error) {
    this.dispatchEvent(new CustomEvent("decision_rejected", { detail: { confirmationId, error } }));
  }

  /** Closes a confirmation that was decided or has expired. */
  closeConfirmation(confirmationId) {
    this.#openConfirmations.delete(confirmationId);
  }

  #handle(frame) {
    this.#record(frame);
    if (frame.type === "ack") this.conversationId = frame.conversation_id;
    if (frame.type === "confirm_request") this.#openConfirmations.add(frame.confirmation_id);
    if (frame.type === "confirmed") this.closeConfirmation(frame.confirmation_id);
    if (frame.type === "done" || frame.type === "error") this.setState("ended");
    else if (this.state !== "ended") this.setState("accepted");
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  #record(frame) {
    const last = this.frames.at(-1);
    if (frame.type !== "delta" || last?.type !== "delta") this.frames.push(frame);
    else this.frames.splice(-1, 1, { ...last, text: last.text + frame.text });
    // The last frame has the whole text.
    if (frame.type === "done") this.frames = this.frames.filter(({ type }) => type !== "delta");
  }
}
