// The conversation: each turn is what was asked and the card that answers it.

import { expenseCard } from "./cards/expense.js";
import { claudeCard, failureCard, pendingLine, textCard } from "./cards/plain.js";
import { spendSummaryCard } from "./cards/spend_summary.js";
import { timezone } from "./dates.js";
import { announce, el } from "./dom.js";
import { Problem } from "./problem.js";

/**
 * Fires "written" after an expense was added or undone, "answered" and "failed" with detail.text.
 * `examples()` makes the example questions, `signInButton()` the button for who is signed out.
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
    this.#busy = true;
    this.#failed = null;
    this.#show(turn, pendingLine());
    turn.node.scrollIntoView();
    try {
      const answer = await this.#api.post("/v1/ask", { text: turn.text, timezone });
      this.#settle(turn, this.#card(answer));
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

  #card({ data, ms, now }) {
    if (data.tier === 3) return claudeCard(this.#parts.examples(), ms);
    if (data.intent === "spend_summary") return spendSummaryCard(data.answer, ms);
    if (data.intent === "add_expense") return this.#expense(data.answer, { ms, now });
    return textCard(data, ms);
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
    this.#settle(turn, failureCard(problem, {
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
