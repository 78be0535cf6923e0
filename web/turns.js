// The list of turns on the page: what was asked, and below it what answers it.

import { announce, el } from "./dom.js";

export class Turns {
  #list;

  constructor(list) {
    this.#list = list;
  }

  /** Begins a turn: {text, node, answer}. `text` null for what wasn't asked in words. */
  open(text) {
    const node = el("li", { class: "turn" }, text && el("p", { class: "asked" }, text));
    this.#list.append(node);
    return { text, node, answer: null };
  }

  /** Shows this in the place of what answered before. */
  show(turn, node) {
    if (turn.answer) turn.answer.replaceWith(node);
    else turn.node.append(node);
    turn.answer = node;
  }

  /** Shows the whole answer, and says it. */
  settle(turn, node) {
    this.show(turn, node);
    announce(node.getAttribute("aria-label"));
    turn.node.scrollIntoView();
  }

  divide(words) {
    this.#list.append(el("li", { class: "divider" }, words));
  }

  clear() {
    this.#list.replaceChildren();
  }
}
