import { el } from "../dom.js";

/** Creates the collapsed list of what PAM recalled for an answer, a line each with its day; null if nothing. */
export function recalledDetails({ memory }) {
  if (!memory?.length) return null;
  return el("details", { class: "usage recalled" },
    el("summary", {}, "What PAM remembered for this"),
    el("ul", {}, ...memory.map((line) => el("li", {}, line))));
}
