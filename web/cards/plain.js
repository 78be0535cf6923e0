import { el } from "../dom.js";
import { caution } from "./caution.js";

/** A question about here, from somebody who hasn't said where that is. `share()` asks again with the location. */
export function locationCard(share) {
  const text = "PAM needs to know where you are to answer this.";
  return el("article", { class: "card", "aria-label": text },
    el("p", { class: "card-text" }, text),
    el("p", {},
      "Use your location, or ask again with a place: “in Moab”, “near Denver”. ",
      "This page keeps your location only while it is open."),
    el("div", { class: "actions" },
      el("button", { type: "button", class: "primary", on: { click: share } }, "Use my location and ask again")));
}

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
