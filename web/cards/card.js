// The frame of every answer: who answered, the text, the source, its age and the response time.

import { el, icon } from "../dom.js";
import { CHAT_TIER } from "../intents.js";
import { footer, simulatedBadge, staleNote } from "./provenance.js";

const FAST = { icon: "bolt", label: "Fast answer · no AI" };
const WRITE = { icon: "bolt", label: "Done at once · no AI" };
const CLAUDE = { icon: "chat", label: "Claude" };

/**
 * Creates a card. `facts` is {tier, source?, as_of?, ms?, cached?, simulated?, stale?, reason?, age_s?, isWrite?},
 * `isWrite` for an answer that stored something. `text` and `children` stand between badges and footer; a child may
 * be null.
 */
export function card(facts, text, ...children) {
  return el("article", { class: "card", "data-tier": facts.tier, "aria-label": text },
    badges(facts),
    el("p", { class: "card-text" }, ...emphasizeFirstSentence(text)),
    staleNote(facts),
    ...children,
    footer(facts));
}

/** Splits off the first sentence: returns it as text and the rest, if any, in a node with smaller type. */
export function emphasizeFirstSentence(text) {
  const end = text.search(/[.!?] (?=[\p{Lu}\d])/u) + 1;
  return end ? [text.slice(0, end), el("span", { class: "card-more" }, text.slice(end))] : [text];
}

/** Creates the badges for who answered and for simulated data. */
export const badges = (facts) => el("div", { class: "badges" }, tierBadge(facts), simulatedBadge(facts));

function tierBadge({ tier, isWrite }) {
  const { icon: name, label } = tier === CHAT_TIER ? CLAUDE : isWrite ? WRITE : FAST;
  return el("p", { class: "badge", "data-tier": tier, title: `Tier ${tier}` }, icon(name), label);
}
