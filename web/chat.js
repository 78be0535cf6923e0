// What becomes of a question: a fast answer over HTTP where PAM understands it, else the conversation with Claude.

import { answerCard } from "./cards/answer.js";
import { claudeCard } from "./cards/claude.js";
import { expenseCard } from "./cards/expense.js";
import { failureCard, locationCard } from "./cards/plain.js";
import { timezone } from "./dates.js";
import { announce } from "./dom.js";
import { follow } from "./follow.js";
import { isLocal, needsLocation } from "./intents.js";
import { isUnsettled } from "./outbox.js";
import { Problem } from "./problem.js";
import { waiting } from "./skeleton.js";
import { Turns } from "./turns.js";

const ASK = "/v1/ask";
const PAGED = ["category", "period", "limit"];
const CLAUDE = 3;

/**
 * Fires "written" after something was written or undone, "answered", "failed" and "idle" with detail.text.
 * `parts`: `session` knows who is signed in, `conversation` carries what goes to Claude, `understanding` reads a
 * question ahead, `whereabouts` knows where the traveller is, if they share it; `signInButton()` makes one for who is
 * signed out.
 */
export class Chat extends EventTarget {
  #api;
  #turns;
  #parts;
  #busy = false;
  #failed = null;

  constructor(api, list, parts) {
    super();
    this.#api = api;
    this.#turns = new Turns(list);
    this.#parts = parts;
  }

  get busy() {
    return this.#busy;
  }

  /** Asks once. The text of the turn that failed last, asked again, is that turn and not a new one. */
  ask(text) {
    const turn = this.#failed?.text === text ? this.#failed : this.#turns.open(text);
    this.#run(turn);
  }

  /** What is sent along with a question. The location goes where it may matter, and only while it is switched on. */
  context(text) {
    const { position } = this.#parts.whereabouts;
    return { timezone, ...(position && isLocal(this.#parts.understanding.read(text)) && { location: position }) };
  }

  /** Shows an expense that the form has added. */
  showAdded({ data, ms, now }) {
    this.#turns.settle(this.#turns.open(null), this.#expense(data, { ms, now }));
    this.#write();
  }

  /** Goes on with messages from before the page was loaded. */
  restore(messages) {
    for (const message of messages) {
      const turn = this.#turns.open(message.text);
      this.#answer(turn, message);
      turn.node.scrollIntoView();
    }
  }

  startAnew() {
    this.#parts.conversation.startAnew();
    this.#turns.divide("New conversation");
    announce("Your next question begins a new conversation.");
  }

  clear() {
    this.#turns.clear();
    this.#failed = null;
  }

  #run(turn) {
    const route = this.#parts.understanding.read(turn.text);
    // Without a network every question waits in the conversation, unless it was sent already and may have arrived.
    const waits = !navigator.onLine && !isUnsettled(ASK, this.#question(turn));
    const converses = this.#parts.session.signedIn && (route?.tier === CLAUDE || waits);
    return converses ? this.#converse(turn) : this.#askAtOnce(turn, route);
  }

  #question({ text }) {
    return { text, timezone };
  }

  async #askAtOnce(turn, route) {
    this.#busy = true;
    this.#failed = null;
    this.#turns.show(turn, waiting(route));
    turn.node.scrollIntoView();
    try {
      const answer = await this.#api.post(ASK, this.#question(turn), this.context(turn.text));
      if (answer.data.tier === CLAUDE) this.#leaveToClaude(turn, route);
      else this.#settle(turn, answer);
      this.#tell("answered", turn.text);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#fail(turn, problem);
    } finally {
      this.#busy = false;
      this.#tell("idle", turn.text);
    }
  }

  /** Understood, and not to be answered at once after all. */
  #leaveToClaude(turn, route) {
    if (!needsLocation(route) || this.#parts.whereabouts.position) return this.#converse(turn);
    return this.#turns.settle(turn, this.#locationCard(turn));
  }

  #converse(turn) {
    this.#failed = null;
    this.#answer(turn, this.#parts.conversation.ask(turn.text));
    turn.node.scrollIntoView();
    this.#tell("answered", turn.text);   // the conversation keeps it from here on
    this.#tell("idle", turn.text);
  }

  /** Shows the answer to a message as it comes. */
  #answer(turn, message) {
    const { conversation } = this.#parts;
    this.#turns.show(turn, claudeCard(message, {
      cancel: () => conversation.cancel(message),
      decide: (request, decision) => conversation.decide(message, request, decision),
      lapse: (id) => conversation.lapse(message, id),
      now: () => this.#api.now,
      retry: () => this.#askAgain(turn),
      undo: (href) => this.#undo(href),
    }));
    message.addEventListener("change", follow);
    message.addEventListener("frame", ({ detail: frame }) => {
      if (frame.type === "done" && frame.tier !== CLAUDE) {
        this.#settle(turn, { data: frame, ms: frame.latency_ms?.total, now: this.#api.now });
      } else if (frame.type === "confirmed" || frame.undo?.length) this.#write();
      follow();
    });
  }

  /** Another message with the same words. What there is of the answer stays. */
  #askAgain(turn) {
    turn.answer = null;
    this.#run(turn);
  }

  /** Shows a fast answer, whichever way it came. */
  #settle(turn, { data, ms, now }) {
    if (data.intent === "add_expense") {
      this.#turns.settle(turn, this.#expense(data.answer, { ms, now }));
      this.#write();
    } else {
      this.#turns.settle(turn, answerCard(data, { ms, nextPage: (cursor) => this.#nextPage(data.slots, cursor) }));
    }
  }

  async #nextPage(slots, cursor) {
    const asked = PAGED.filter((name) => name in slots).map((name) => [name, slots[name]]);
    const query = new URLSearchParams([...asked, ["timezone", timezone], ["cursor", cursor]]);
    const { data } = await this.#api.get(`/v1/expenses?${query}`);
    return data;
  }

  #locationCard(turn) {
    return locationCard(async () => {
      if (await this.#parts.whereabouts.switchOn()) this.#busy || this.#run(turn);
      else announce(this.#parts.whereabouts.trouble);
    });
  }

  #expense(answer, timing) {
    return expenseCard(answer, timing, (href) => this.#undo(href));
  }

  async #undo(href) {
    const { data } = await this.#api.delete(href);
    this.#write();
    return data;
  }

  #fail(turn, problem) {
    this.#failed = turn;
    if (problem.code === "location_needed") this.#turns.settle(turn, this.#locationCard(turn));
    else this.#turns.settle(turn, failureCard(problem, {
      retry: () => this.#busy || this.#run(turn),
      signIn: this.#parts.signInButton(),
    }));
    this.#tell("failed", turn.text);
  }

  #write() {
    this.dispatchEvent(new Event("written"));
  }

  #tell(name, text) {
    this.dispatchEvent(new CustomEvent(name, { detail: { text } }));
  }
}
