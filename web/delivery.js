// Sends messages and receives their answers over a connection that may break: waiting messages are queued, missing
// frames are requested again.

const GAP_TIMEOUT_MS = 400;       // frames can overtake each other by less than this
const ACK_TIMEOUT_MS = 15_000;
const FRAME_TIMEOUT_MS = 10_000;  // no later frame would reveal that the last one was lost

const MAX_OPEN_MESSAGES = 5;      // the server queues as many per conversation behind the one that it answers

const GATEWAY_ERRORS = ["Internal server error", "Forbidden"];

/** Fires "progress" with a message that was sent or accepted or has ended, before anything else is sent. */
export class Delivery extends EventTarget {
  #socket;
  #getContext;
  #messages = new Map();
  #decisions = new Map();   // by confirmation id: {message, frame}, until the outcome is known
  #timers = new Map();      // by message id
  #isPaused = false;

  /** `getContext(message)` returns the context to send with a question: {timezone, typed_at, location?}. */
  constructor(socket, getContext) {
    super();
    this.#socket = socket;
    this.#getContext = getContext;
    socket.addEventListener("change", () => (this.isConnected ? this.#start(this.messages) : this.#onDisconnect()));
    socket.addEventListener("frame", ({ detail }) => this.#onFrame(detail));
  }

  /** The messages that aren't complete, in the order in which they were asked. */
  get messages() {
    return [...this.#messages.values()];
  }

  get isConnected() {
    return this.#socket.state.name === "connected";
  }

  /** Adds messages; sends them or resumes their answers, now or as soon as the socket is connected. */
  add(...messages) {
    for (const message of messages) {
      this.#messages.set(message.id, message);
      if (!this.isConnected) message.wasQueued = true;
      message.setState(message.state, this.isConnected);
    }
    if (this.isConnected) this.#start(messages);
  }

  remove({ id }) {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#messages.delete(id);
  }

  clear() {
    for (const message of this.messages) this.remove(message);
    this.#decisions.clear();
  }

  /** Sends a message that was held back because it had waited too long. */
  sendExpired(message) {
    message.dispatchEvent(new Event("change"));
    if (this.isConnected) this.#sendWaiting();
  }

  /** Asks the server to stop the answer. */
  cancel(message) {
    this.#socket.send({ action: "cancel", message_id: message.id });
  }

  /** Sends the decision on a confirmation, "yes" or "no"; returns false if not connected. */
  decide(message, { confirmation_id, digest }, decision) {
    const frame = { action: "confirm", confirmation_id, decision, digest };
    if (!this.#socket.send(frame)) return false;
    this.#decisions.set(confirmation_id, { message, frame });
    this.#startTimer(message);
    return true;
  }

  /** Stops waiting for the outcome of an expired confirmation. */
  expireConfirmation(confirmationId) {
    this.#decisions.delete(confirmationId);
  }

  #onDisconnect() {
    for (const message of this.messages) if (message.state === "sent") message.wasQueued = true;
    for (const message of this.messages) message.setState(message.state === "sent" ? "waiting" : message.state, false);
  }

  /** Resumes answers in progress, repeats decisions without an outcome, and sends what waits. */
  #start(messages) {
    for (const message of messages) {
      message.setState(message.state, true);
      if (message.state === "accepted" || message.state === "ended") this.#resume(message);
    }
    for (const { message, frame } of this.#decisions.values()) {
      if (messages.includes(message)) this.#socket.send(frame);
    }
    this.#sendWaiting();
  }

  #resume(message) {
    this.#socket.send({ action: "resume", message_id: message.id, after: message.lastSeq });
    this.#startTimer(message);
  }

  /**
   * Sends waiting messages in order. The server handles what arrives together at the same time: the next message of a
   * conversation is sent when the one before has its ack, and is done or enqueued.
   */
  #sendWaiting() {
    const unacknowledged = new Set();   // local ids of conversations with a message that has no ack
    for (const message of this.messages) {
      const { id, text, conversationId, localConversationId, retryOf } = message;
      if (message.state === "sent") unacknowledged.add(localConversationId);
      if (message.state !== "waiting" || message.isExpired || unacknowledged.has(localConversationId)) continue;
      if (this.#isPaused || this.#countOpen(localConversationId) >= MAX_OPEN_MESSAGES) continue;
      const frame = {
        action: "chat", message_id: id, conversation_id: conversationId ?? localConversationId, text,
        context: this.#getContext(message), ...(retryOf && { retry_of: retryOf }),
      };
      if (!this.#socket.send(frame)) return;
      unacknowledged.add(localConversationId);
      message.wasSent = true;
      message.setState("sent", true);
      this.#emitProgress(message);
      this.#startTimer(message);
    }
  }

  /** Returns the number of a conversation's messages that the server has, or may have, and hasn't answered. */
  #countOpen(localConversationId) {
    return this.messages.filter((message) => message.localConversationId === localConversationId
      && (message.state === "sent" || message.state === "accepted")).length;
  }

  /** (Re)starts the timer after which frames that are due are requested again. */
  #startTimer(message) {
    clearTimeout(this.#timers.get(message.id));
    this.#timers.delete(message.id);
    if (!this.#messages.has(message.id) || !this.#expectsFrames(message)) return;
    const ms = message.hasGap ? GAP_TIMEOUT_MS : message.state === "sent" ? ACK_TIMEOUT_MS : FRAME_TIMEOUT_MS;
    this.#timers.set(message.id, setTimeout(() => this.#onTimeout(message), ms));
  }

  /** Returns whether the server owes frames for this message, without any action of the user. */
  #expectsFrames(message) {
    if (message.state !== "ended") return message.state !== "waiting";
    return message.hasGap || [...this.#decisions.values()].some((decision) => decision.message === message);
  }

  #onTimeout(message) {
    if (!this.isConnected) return;   // #start() continues when the socket is connected again
    if (message.state !== "sent") return this.#resume(message);
    this.#socket.ping();
    message.setState("waiting");   // sent again under the same id, it is answered once
    this.#sendWaiting();
  }

  #onFrame(frame) {
    if (!frame?.type) return this.#onGatewayError(frame);
    const message = this.#messages.get(frame.message_id);
    if (message && Number.isInteger(frame.seq)) return this.#receive(message, frame);
    if (frame.type === "error") this.#onRejection(message, frame);
  }

  #receive(message, frame) {
    const { state } = message;
    message.receive(frame);
    if (frame.type === "confirmed") this.#decisions.delete(frame.confirmation_id);
    if (message.state !== state || message.isComplete) this.#emitProgress(message);
    this.#startTimer(message);
    this.#sendWaiting();
  }

  /** Handles an error of API Gateway itself; its "Endpoint request timed out" doesn't mean that the answer failed. */
  #onGatewayError(frame) {
    const message = this.messages.findLast(({ state }) => state === "sent");
    if (!message || !GATEWAY_ERRORS.includes(frame?.message)) return;
    this.#fail(message, { code: "not_accepted", message: "PAM couldn't take this message." });
  }

  /** Handles an error without `seq`: a frame of ours was rejected, and the error has its message or confirmation id. */
  #onRejection(message, error) {
    const isRefused = message?.state === "sent";
    if (isRefused && message.wasQueued && error.code === "rate_limited") return this.#pause(message, error);
    const isGone = message?.state === "accepted" && error.code === "message_not_found";
    if (isRefused || isGone) return this.#fail(message, error);
    // The answer itself goes on: only a decision, or a resume that the timer repeats, was rejected.
    const decision = this.#decisions.get(error.confirmation_id);
    this.#decisions.delete(error.confirmation_id);
    decision?.message.rejectDecision(error.confirmation_id, error);
  }

  /** Sends a queued message again when the server takes messages again: nobody may be there to do it. */
  #pause(message, { retry_after: seconds = 60 }) {
    this.#isPaused = true;
    setTimeout(() => {
      this.#isPaused = false;
      if (this.isConnected) this.#sendWaiting();
    }, seconds * 1000);
    clearTimeout(this.#timers.get(message.id));
    message.setState("waiting");
  }

  #fail(message, error) {
    message.fail(error);
    this.#emitProgress(message);
    this.#sendWaiting();
  }

  #emitProgress(message) {
    this.dispatchEvent(new CustomEvent("progress", { detail: message }));
  }
}
