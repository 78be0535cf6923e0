// What every answer has: who answered, the text, where it comes from, from when, and how long it took.

import { el, icon } from "../dom.js";
import { footer, simulatedBadge, staleNote } from "./provenance.js";

const FAST = { icon: "bolt", words: "Fast answer · no AI" };
const DONE = { icon: "bolt", words: "Done at once · no AI" };
const CLAUDE = { icon: "chat", words: "Claude" };

/**
 * `facts`: {tier, source?, as_of?, ms?, cached?, stale?, reason?, age_s?, done?}; `done` for what changed the books.
 * `text` and `parts` go between the badges and the facts; a part may be null.
 */
export function card(facts, text, ...parts) {
  return el("article", { class: "card", "data-tier": facts.tier, "aria-label": text },
    badges(facts),
    el("p", { class: "card-text" }, ...sentences(text)),
    staleNote(facts),
    ...parts,
    footer(facts));
}

/** The first sentence says it; the others go smaller below it. */
export function sentences(text) {
  const end = text.search(/[.!?] (?=[\p{Lu}\d])/u) + 1;
  return end ? [text.slice(0, end), el("span", { class: "card-more" }, text.slice(end))] : [text];
}

/** Who answers, and whether from made-up data. */
export const badges = (facts) => el("div", { class: "badges" }, badge(facts), simulatedBadge(facts));

function badge({ tier, done }) {
  const { icon: name, words } = tier === 3 ? CLAUDE : done ? DONE : FAST;
  return el("p", { class: "badge", "data-tier": tier, title: `Tier ${tier}` }, icon(name), words);
}
