// One question sent over the socket, and the state of its answer.

import { FrameSequencer } from "./frame_sequencer.js";

/**
 * `state` is "waiting" (for the connection), "sent", "accepted" or "ended". Fires "change" with it and with `online`,
 * "frame" for each frame of the answer, once and in order, and "decision_rejected" with {confirmationId, error}.
 */
export class Message extends EventTarget {
  online = false;
  #frames = new FrameSequencer();
  #openConfirmations = new Set();

  /**
   * `localConversationId` identifies the conversation on this device; `conversationId` is the server's id for it, or
   * null until an ack tells it. `wasSent` means that the server may have the message, even without an ack.
   */
  constructor({ id, text, askedAt, localConversationId, conversationId = null, wasSent = false, accepted = false }) {
    super();
    Object.assign(this, { id, text, askedAt, localConversationId, conversationId, wasSent });
    this.state = accepted ? "accepted" : "waiting";
  }

  /** The constructor's argument for a message that continues where this one is. */
  get record() {
    const { id, text, askedAt, localConversationId, conversationId, wasSent } = this;
    const accepted = this.state === "accepted" || this.state === "ended";
    return { id, text, askedAt, localConversationId, conversationId, wasSent, accepted };
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

  setState(state, online = this.online) {
    if (this.state === state && this.online === online) return;
    Object.assign(this, { state, online });
    this.dispatchEvent(new Event("change"));
  }

  /** Adds a received frame; handles it and those buffered behind it when their turn comes. */
  receive(frame) {
    for (const next of this.#frames.push(frame)) this.#handle(next);
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
    if (frame.type === "ack") this.conversationId = frame.conversation_id;
    if (frame.type === "confirm_request") this.#openConfirmations.add(frame.confirmation_id);
    if (frame.type === "confirmed") this.closeConfirmation(frame.confirmation_id);
    if (frame.type === "done" || frame.type === "error") this.setState("ended");
    else if (this.state !== "ended") this.setState("accepted");
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }
}
