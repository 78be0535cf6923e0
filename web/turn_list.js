import { announce, el } from "./dom.js";

/** @typedef {{text: string | null, node: HTMLElement, answer: HTMLElement | null}} Turn */

/** The list of turns on the page: each is a question and, below it, its answer. */
export class TurnList {
  #list;

  constructor(list) {
    this.#list = list;
  }

  /**
   * Appends a turn and returns it. `text` is null if the turn didn't begin with a question.
   * @param {string | null} text
   * @returns {Turn}
   */
  append(text) {
    const node = el("li", { class: "turn" }, text && el("p", { class: "question", dir: "auto" }, text));
    this.#list.append(node);
    return { text, node, answer: null };
  }

  /** Shows `node` as the turn's answer, in place of the one before. */
  setAnswer(turn, node) {
    if (turn.answer) turn.answer.replaceWith(node);
    else turn.node.append(node);
    turn.answer = node;
  }

  /** Shows the complete answer, announces it and scrolls to its turn. */
  complete(turn, node) {
    this.setAnswer(turn, node);
    announce(node.getAttribute("aria-label"));
    turn.node.scrollIntoView();
  }

  scrollToLast() {
    this.#list.lastElementChild.scrollIntoView();
  }

  appendDivider(text) {
    this.#list.append(el("li", { class: "divider" }, text));
  }

  clear() {
    this.#list.replaceChildren();
  }
}
