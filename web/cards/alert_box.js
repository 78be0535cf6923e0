import { el, icon } from "../dom.js";

/**
 * Creates a highlighted message: `severe` for a failure or a danger, otherwise a warning.
 * @param {string} text
 * @param {{severe?: boolean, title?: string | null}} [options]
 */
export function alertBox(text, { severe = false, title = null } = {}) {
  return el("div", { class: severe ? "alert severe" : "alert" }, icon("warning"),
    el("p", {}, title && el("strong", {}, title), text));
}
