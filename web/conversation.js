// The conversation with Claude as this page has it: which one it is, and what of it is kept until it is answered.

import { Delivery } from "./delivery.js";
import { Kept } from "./kept.js";
import { Message } from "./message.js";

const beginning = () => ({ talk: crypto.randomUUID(), id: null });

/** Fires "change" when another conversation begins, or gets its name from the server. */
export class Conversation extends EventTarget {
  #delivery;
  #kept = null;
  #current = beginning();

  /** `context(text)` is what is sent along with a question, and kept nowhere: {timezone, location?}. */
  constructor(socket, context) {
    super();
    this.#delivery = new Delivery(socket, context);
    this.#delivery.addEventListener("progress", ({ detail }) => this.#progressed(detail));
  }

  /** Whether there is a conversation to go on with. */
  get going() {
    return this.#current.id !== null || this.#delivery.messages.some(({ talk }) => talk === this.#current.talk);
  }

  /** Takes up what this traveller has left here. Gives the messages that aren't on the page yet. */
  start(user) {
    this.#kept = new Kept(user);
    this.#current = this.#kept.conversation ?? beginning();
    const here = new Set(this.#delivery.messages.map(({ id }) => id));
    const restored = this.#kept.messages().filter(({ id }) => !here.has(id)).map((one) => new Message(one));
    this.#delivery.add(...restored);
    this.#changed();
    return restored;
  }

  /** Lets go of everything on this page; what is kept stays for the next `start`. */
  stop() {
    this.#delivery.clear();
    this.#kept = null;
    this.#current = beginning();
    this.#changed();
  }

  /** Forgets what is kept, too. */
  forget() {
    this.#kept?.forget();
    this.stop();
  }

  /** The next message begins a conversation of its own. */
  startAnew() {
    this.#current = this.#kept.conversation = beginning();
    this.#changed();
  }

  /** Sends a question now, or when the line is there. */
  ask(text) {
    const newest = Math.max(0, ...this.#delivery.messages.map(({ at }) => at));
    const { talk, id: conversation_id } = this.#current;
    const at = Math.max(Date.now(), newest + 1);
    const message = new Message({ id: crypto.randomUUID(), text, at, talk, conversation_id });
    this.#kept.conversation = this.#current;
    this.#kept.keep(message.record);
    this.#delivery.add(message);
    this.#changed();
    return message;
  }

  /** Stops an answer. A question that was never sent is taken back: `false` says so. */
  cancel(message) {
    if (message.tried) {
      this.#delivery.cancel(message);
      return true;
    }
    this.#drop(message);
    this.#changed();
    return false;
  }

  /** Says yes or no to what PAM asks before it acts. Without a line nothing is sent: `false`. */
  decide(message, request, decision) {
    return this.#delivery.decide(message, request, decision);
  }

  /** The time to decide is over. */
  lapse(message, confirmationId) {
    message.lapse(confirmationId);
    this.#delivery.lapse(confirmationId);
    if (message.settled) this.#drop(message);
  }

  #progressed(message) {
    if (message.conversation_id) this.#name(message);
    if (message.settled) this.#drop(message);
    else this.#kept.keep(message.record);
  }

  /** The server has named the conversation of this message: that is the name of all that belong to it. */
  #name({ talk, conversation_id }) {
    for (const other of this.#delivery.messages) {
      if (other.talk !== talk || other.conversation_id) continue;
      other.conversation_id = conversation_id;
      this.#kept.keep(other.record);
    }
    if (this.#current.talk !== talk || this.#current.id) return;
    this.#current = this.#kept.conversation = { talk, id: conversation_id };
    this.#changed();
  }

  #drop(message) {
    this.#delivery.drop(message);
    this.#kept?.drop(message.id);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
