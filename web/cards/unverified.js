// The figures of an answer that nothing covers which Claude was given: marked in its text, and listed below it.

import { el } from "../dom.js";

const EXPLANATION = "PAM could not verify this figure";

/** Creates the mark of a figure. */
export const unverifiedMark = (text) =>
  el("mark", { class: "unverified", title: EXPLANATION, "aria-description": EXPLANATION }, text);

/** Creates the note that lists the marked figures, each once, for those who can't see the marks; null if none. */
export function unverifiedNote({ unverified }) {
  const figures = [...new Set((unverified ?? []).map(({ text }) => text))];
  if (!figures.length) return null;
  const separated = figures.flatMap((text, at) => [at ? " · " : "", el("bdi", {}, text)]);
  return el("p", { class: "muted" }, "PAM could not verify: ", ...separated);
}
