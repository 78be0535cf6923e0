import { el } from "../dom.js";
import { caution, card } from "./card.js";

/** A question that only a conversation can answer. */
export function claudeCard(examples, ms) {
  return card({ tier: 3, ms }, "This needs a conversation with Claude, and this page can't hold one yet.",
    el("p", {}, "Nothing was changed. These PAM can do at once:"), examples);
}

/** An answer of a kind this page has no picture for: its words are enough. */
export const textCard = (answer, ms) => card({ ...answer, ms }, answer.text);

/** A request that failed. Nothing is lost: the text is kept, and `retry` sends the same request. */
export function failureCard(problem, { retry, signIn }) {
  const node = el("article", { class: "card", "aria-label": problem.message },
    caution(problem.message, { alarm: true }));
  if (problem.retry) {
    const wait = problem.wait ? ` Best after ${problem.wait} s.` : "";
    node.append(el("div", { class: "actions" },
      el("button", { type: "button", class: "primary", on: { click: retry } }, "Try again"),
      el("span", { class: "soft" }, `Your words are kept. Trying again never adds anything twice.${wait}`)));
  } else if (problem.code === "signed_out" || problem.status === 401) {
    node.append(el("div", { class: "actions" }, signIn));
  }
  return node;
}

export const pendingLine = () => el("p", { class: "pending" }, "Looking it up");
