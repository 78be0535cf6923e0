// Gets messages to PAM and their answers back, however often the line breaks: what is missing is asked for again.

const GAP_MS = 400;          // frames overtake each other; what is missing longer is asked for
const UNHEARD_MS = 15_000;
const QUIET_MS = 30_000;     // also the last frame can be lost, and nothing after it shows the gap

/** Fires "progress" when a message, its detail, was sent or accepted, or has ended; before anything else is sent. */
export class Delivery extends EventTarget {
  #socket;
  #context;
  #messages = new Map();
  #decisions = new Map();    // by confirmation: {message, frame}, until its outcome is known
  #watches = new Map();

  /** `context(text)` is what is sent along with a question: {timezone, location?}. */
  constructor(socket, context) {
    super();
    this.#socket = socket;
    this.#context = context;
    socket.addEventListener("change", () => (this.#online ? this.#takeUp(this.messages) : this.#broke()));
    socket.addEventListener("frame", ({ detail }) => this.#hear(detail));
  }

  /** All that aren't settled, in the order in which they were asked. */
  get messages() {
    return [...this.#messages.values()];
  }

  get #online() {
    return this.#socket.state.name === "connected";
  }

  /** Takes messages on: sends them, or asks for the rest of their answers, now or when the line is there. */
  add(...messages) {
    for (const message of messages) {
      this.#messages.set(message.id, message);
      message.become(message.state, this.#online);
    }
    if (this.#online) this.#takeUp(messages);
  }

  drop({ id }) {
    clearTimeout(this.#watches.get(id));
    this.#watches.delete(id);
    this.#messages.delete(id);
  }

  clear() {
    for (const message of this.messages) this.drop(message);
    this.#decisions.clear();
  }

  cancel(message) {
    this.#socket.send({ action: "cancel", message_id: message.id });
  }

  /** Says yes or no to what PAM asks before it acts. Without a line nothing is sent: `false`. */
  decide(message, { confirmation_id, digest }, decision) {
    const frame = { action: "confirm", confirmation_id, decision, digest };
    if (!this.#socket.send(frame)) return false;
    this.#decisions.set(confirmation_id, { message, frame });
    this.#watch(message);
    return true;
  }

  /** The time to decide is over. */
  lapse(confirmationId) {
    this.#decisions.delete(confirmationId);
  }

  #broke() {
    for (const message of this.messages) message.become(message.state === "sent" ? "waiting" : message.state, false);
  }

  /** The line is there (again): asks for the rest of what has begun, then sends what waits. */
  #takeUp(messages) {
    for (const message of messages) {
      message.become(message.state, true);
      if (message.state === "accepted" || message.state === "ended") this.#resume(message);
    }
    for (const { message, frame } of this.#decisions.values()) {
      if (messages.includes(message)) this.#socket.send(frame);
    }
    this.#pump();
  }

  #resume(message) {
    this.#socket.send({ action: "resume", message_id: message.id, after: message.after });
    this.#watch(message);
  }

  /** Sends what waits, in order. The first message of a conversation goes ahead: its ack names the conversation. */
  #pump() {
    const unnamed = new Set();
    for (const message of this.messages) {
      if (message.state === "sent" && !message.conversation_id) unnamed.add(message.talk);
      if (message.state !== "waiting" || unnamed.has(message.talk)) continue;
      const { id, text, conversation_id, talk } = message;
      const named = conversation_id ? { conversation_id } : {};
      const frame = { action: "chat", message_id: id, ...named, text, context: this.#context(text) };
      if (!this.#socket.send(frame)) return;
      if (!conversation_id) unnamed.add(talk);
      message.tried = true;
      message.become("sent", true);
      this.#tell(message);
      this.#watch(message);
    }
  }

  /** Asks again where an answer stays away too long. */
  #watch(message) {
    clearTimeout(this.#watches.get(message.id));
    this.#watches.delete(message.id);
    if (!this.#messages.has(message.id) || !this.#expects(message)) return;
    const ms = message.gap ? GAP_MS : message.state === "sent" ? UNHEARD_MS : QUIET_MS;
    this.#watches.set(message.id, setTimeout(() => this.#askAgain(message), ms));
  }

  /** Whether anything more must come of it without anybody's doing. */
  #expects(message) {
    if (message.state !== "ended") return message.state !== "waiting";
    return message.gap || [...this.#decisions.values()].some((one) => one.message === message);
  }

  #askAgain(message) {
    if (!this.#online) return;   // the line takes it up when it is back
    if (message.state !== "sent") return this.#resume(message);
    this.#socket.check();
    message.become("waiting");   // the same message again: what exists of its answer comes back, and no other is made
    this.#pump();
  }

  #hear(frame) {
    if (!frame?.type) return this.#hearGateway(frame);
    const message = this.#messages.get(frame.message_id);
    if (message && Number.isInteger(frame.seq)) return this.#take(message, frame);
    if (frame.type === "error") this.#refuse(message, frame);
  }

  #take(message, frame) {
    const { state } = message;
    message.take(frame);
    if (frame.type === "confirmed") this.#decisions.delete(frame.confirmation_id);
    if (message.state !== state || message.settled) this.#tell(message);
    this.#watch(message);
    this.#pump();
  }

  /** Words of the gateway itself. That a function took long doesn't mean that it failed. */
  #hearGateway(frame) {
    const unheard = this.#newestUnheard();
    if (!unheard || !["Internal server error", "Forbidden"].includes(frame?.message)) return;
    this.#fail(unheard, { code: "not_taken", message: "PAM couldn't take this message." });
  }

  /** An error without a number is about a frame that was refused, which it names. */
  #refuse(message, error) {
    const isOver = message?.state === "accepted" && error.code === "message_not_found";
    if (message?.state === "sent" || isOver) return this.#fail(message, error);
    // Of an answer under way only what was asked about it has failed. Its watch asks again.
    const decided = this.#decisions.get(error.confirmation_id);
    this.#decisions.delete(error.confirmation_id);
    decided?.message.refuse(error.confirmation_id, error);
  }

  #newestUnheard() {
    return this.messages.findLast(({ state }) => state === "sent");
  }

  #fail(message, error) {
    message.fail(error);
    this.#tell(message);
    this.#pump();
  }

  #tell(message) {
    this.dispatchEvent(new CustomEvent("progress", { detail: message }));
  }
}
