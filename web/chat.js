// The conversation: each turn is what was asked and the card that answers it.

import { answerCard } from "./cards/answer.js";
import { expenseCard } from "./cards/expense.js";
import { claudeCard, failureCard, locationCard } from "./cards/plain.js";
import { timezone } from "./dates.js";
import { announce, el } from "./dom.js";
import { isLocal, needsLocation, tipFor } from "./intents.js";
import { Problem } from "./problem.js";
import { waiting } from "./skeleton.js";

const PAGED = ["category", "period", "limit"];

/**
 * Fires "written" after an expense was added or undone, "answered" and "failed" with detail.text.
 * `parts`: `examples()` makes the example questions, `signInButton()` the button for who is signed out;
 * `understanding` reads a question ahead, `whereabouts` knows where the traveller is, if they share it.
 */
export class Chat extends EventTarget {
  #api;
  #turns;
  #parts;
  #busy = false;
  #failed = null;

  constructor(api, turns, parts) {
    super();
    this.#api = api;
    this.#turns = turns;
    this.#parts = parts;
  }

  get busy() {
    return this.#busy;
  }

  /** Asks once. The text of the turn that failed last, asked again, is that turn and not a new one. */
  ask(text) {
    if (this.#busy || !text) return false;
    const turn = this.#failed?.text === text ? this.#failed : this.#open(text);
    this.#run(turn);
    return true;
  }

  /** Shows an expense that the form has added. */
  showAdded({ data, ms, now }) {
    const turn = this.#open(null);
    const node = this.#expense(data, { ms, now });
    turn.node.append(node);
    this.#settle(turn, node);
    this.#write();
  }

  clear() {
    this.#turns.replaceChildren();
    this.#failed = null;
  }

  #open(text) {
    const node = el("li", { class: "turn" }, text && el("p", { class: "asked" }, text));
    this.#turns.append(node);
    return { text, node, answer: null };
  }

  async #run(turn) {
    const route = this.#parts.understanding.read(turn.text);
    this.#busy = true;
    this.#failed = null;
    this.#show(turn, waiting(route));
    turn.node.scrollIntoView();
    try {
      const answer = await this.#api.post("/v1/ask", { text: turn.text, timezone }, this.#circumstances(route));
      this.#settle(turn, this.#card(turn, answer, route));
      if (answer.data.intent === "add_expense") this.#write();
      this.#tell("answered", turn.text);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      this.#fail(turn, problem);
    } finally {
      this.#busy = false;
      this.#tell("idle", turn.text);
    }
  }

  /** The location goes with questions that it may matter to, and only while it is switched on. */
  #circumstances(route) {
    const { position } = this.#parts.whereabouts;
    return position && isLocal(route) ? { location: position } : {};
  }

  #card(turn, { data, ms, now }, route) {
    if (data.tier === 3) {
      if (needsLocation(route) && !this.#parts.whereabouts.position) return this.#locationCard(turn);
      return claudeCard(this.#parts.examples(), ms, tipFor(route));
    }
    if (data.intent === "add_expense") return this.#expense(data.answer, { ms, now });
    return answerCard(data, { ms, nextPage: (cursor) => this.#nextPage(data.slots, cursor) });
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
    return expenseCard(answer, timing, async (href) => {
      const { data } = await this.#api.delete(href);
      this.#write();
      return data;
    });
  }

  #fail(turn, problem) {
    this.#failed = turn;
    if (problem.code === "location_needed") this.#settle(turn, this.#locationCard(turn));
    else this.#settle(turn, failureCard(problem, {
      retry: () => this.#busy || this.#run(turn),
      signIn: this.#parts.signInButton(),
    }));
    this.#tell("failed", turn.text);
  }

  #settle(turn, node) {
    this.#show(turn, node);
    announce(node.getAttribute("aria-label"));
    turn.node.scrollIntoView();
  }

  #show(turn, node) {
    if (turn.answer) turn.answer.replaceWith(node);
    else turn.node.append(node);
    turn.answer = node;
  }

  #write() {
    this.dispatchEvent(new Event("written"));
  }

  #tell(name, text) {
    this.dispatchEvent(new CustomEvent(name, { detail: { text } }));
  }
}
