import { el } from "../dom.js";
import { alertBox } from "./alert_box.js";
import { errorReference } from "./error_reference.js";

/** Creates the card of a failed request. `retry()` sends it again; `signInButton` is shown if it needs a sign-in. */
export function failureCard(problem, { retry, signInButton }) {
  const node = el("article", { class: "card", "aria-label": problem.message },
    alertBox(problem.message, { severe: true }), problem.reference && errorReference(problem.reference));
  if (problem.retry) {
    const advice = problem.wait ? ` Best after ${problem.wait} s.` : "";
    node.append(el("div", { class: "actions" },
      el("button", { type: "button", class: "primary", on: { click: retry } }, "Try again"),
      el("span", { class: "muted" }, `Your words are kept. Trying again never adds anything twice.${advice}`)));
  } else if (problem.code === "signed_out" || problem.status === 401) {
    node.append(el("div", { class: "actions" }, signInButton));
  }
  return node;
}
