import { el } from "../dom.js";

/**
 * Creates the card of a question back: which of several places is meant. `choices` are [{text, value}], where `value`
 * is the whole question with the place's full name; `choose(value)` asks it.
 */
export function placeChoicesCard({ message, choices }, choose) {
  return el("article", { class: "card", "aria-label": message },
    el("p", { class: "card-text" }, message),
    el("div", { class: "actions" }, ...choices.map(({ text, value }) =>
      el("button", { type: "button", class: "secondary", on: { click: () => choose(value) } }, text))));
}
