import { el, icon } from "../dom.js";

/** A message that must not be missed: `alarm` for what failed or is dangerous, otherwise a caution. */
export function caution(text, { alarm = false, role = null, title = null } = {}) {
  return el("div", { class: alarm ? "caution alarm" : "caution", role }, icon("warning"),
    el("p", {}, title && el("strong", {}, title), text));
}
