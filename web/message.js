// One question on its way over the socket, and how far its answer has come.

import { InOrder } from "./in_order.js";

/**
 * `state` is "waiting" (for the line), "sent", "accepted" or "ended"; "change" is fired with it, and with `online`.
 * "frame" is fired for each frame of the answer, once and in order; "refused" when a decision isn't taken.
 */
export class Message extends EventTarget {
  online = false;
  #frames = new InOrder();
  #undecided = new Set();

  /**
   * `talk` is the conversation on this page that it belongs to, `conversation_id` the server's name for that, or null.
   * What was `tried` may have arrived, though nobody has said so.
   */
  constructor({ id, text, at, talk, conversation_id = null, tried = false, accepted = false }) {
    super();
    Object.assign(this, { id, text, at, talk, conversation_id, tried });
    this.state = accepted ? "accepted" : "waiting";
  }

  /** What has to be kept to go on with it later. */
  get record() {
    const { id, text, at, talk, conversation_id, tried } = this;
    const accepted = this.state === "accepted" || this.state === "ended";
    return { id, text, at, talk, conversation_id, tried, accepted };
  }

  /** The number of the last frame that has come without a gap. */
  get after() {
    return this.#frames.after;
  }

  get gap() {
    return this.#frames.gap;
  }

  /** Whether nothing more can come of it: it has ended, and nobody is asked to confirm anything. */
  get settled() {
    return this.state === "ended" && !this.#undecided.size;
  }

  become(state, online = this.online) {
    if (this.state === state && this.online === online) return;
    Object.assign(this, { state, online });
    this.dispatchEvent(new Event("change"));
  }

  take(frame) {
    for (const next of this.#frames.take(frame)) this.#apply(next);
  }

  /** Ends it here, with an error that has no number of its own. */
  fail({ code, message, retry_after }) {
    this.#apply({ type: "error", code, message, retry_after });
  }

  /** A decision was not taken: `error` says why. */
  refuse(confirmationId, error) {
    this.dispatchEvent(new CustomEvent("refused", { detail: { confirmationId, error } }));
  }

  /** Nobody can decide this any more. */
  lapse(confirmationId) {
    this.#undecided.delete(confirmationId);
  }

  #apply(frame) {
    if (frame.type === "ack") this.conversation_id = frame.conversation_id;
    if (frame.type === "confirm_request") this.#undecided.add(frame.confirmation_id);
    if (frame.type === "confirmed") this.lapse(frame.confirmation_id);
    if (frame.type === "done" || frame.type === "error") this.become("ended");
    else if (this.state !== "ended") this.become("accepted");
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }
}
