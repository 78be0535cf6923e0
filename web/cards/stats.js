import { el } from "../dom.js";

/** A few figures: each is [name, value, note?], a note being a list of nodes and texts; null is left out. */
export const stats = (...figures) => el("dl", { class: "stats" },
  ...figures.filter(Boolean).map(([name, value, note]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, value, note && el("small", {}, ...note)))));

/** Words that stay on one line. */
export const whole = (text) => el("span", { class: "nowrap" }, text);
