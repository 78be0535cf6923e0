import { el } from "../dom.js";

/** Creates the collapsed list of what PAM recalled for an answer, a line each with its day; null if nothing. */
export function recalledDetails({ memory }) {
  if (!memory?.length) return null;
  return el("details", { class: "usage recalled" },
    el("summary", {}, "Why do you think so?"),
    el("p", { class: "muted" }, "PAM remembered this for the answer, each with the day it is from:"),
    el("ul", {}, ...memory.map((line) => el("li", {}, line))));
}
