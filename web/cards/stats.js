import { el } from "../dom.js";

/** Creates a list of figures, each [name, value, note?] with `note` a list of nodes and texts; null is left out. */
export const stats = (...figures) => el("dl", { class: "stats" },
  ...figures.filter(Boolean).map(([name, value, note]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, value, note && el("small", {}, ...note)))));

/** Creates a text without line breaks. */
export const nowrap = (text) => el("span", { class: "nowrap" }, text);
