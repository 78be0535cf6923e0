// What every answer has: who answered, the text, where it comes from, from when, and how long it took.

import { moment } from "../dates.js";
import { el, icon } from "../dom.js";

const TIERS = {
  1: { icon: "bolt", words: "Fast answer · no AI" },
  2: { icon: "bolt", words: "Done at once · no AI" },
  3: { icon: "chat", words: "Needs Claude" },
};

/** `facts`: {tier, source?, as_of?, ms?, cached?}. `text` and `parts` go between the badge and the facts. */
export function card(facts, text, ...parts) {
  return el("article", { class: "card", "data-tier": facts.tier, "aria-label": text },
    badge(facts.tier),
    el("p", { class: "card-text" }, ...sentences(text)),
    ...parts,
    footer(facts));
}

/** The first sentence says it; the others go smaller below it. */
export function sentences(text) {
  const end = text.search(/[.!?] (?=\p{Lu})/u) + 1;
  return end ? [text.slice(0, end), el("span", { class: "card-more" }, text.slice(end))] : [text];
}

function badge(tier) {
  const { icon: name, words } = TIERS[tier] ?? TIERS[3];
  return el("p", { class: "badge", "data-tier": tier, title: `Tier ${tier}` }, icon(name), words);
}

/** The sources of an answer, in small print. */
export function footer({ source, as_of, ms, cached }) {
  const facts = [
    source && ["Source", source],
    as_of && ["As of", moment(as_of)],
    ms != null && ["Took", `${duration(ms)}${cached ? ", from the cache" : ""}`],
  ].filter(Boolean);
  if (!facts.length) return null;
  return el("dl", { class: "facts" }, ...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

export const duration = (ms) => `${new Intl.NumberFormat().format(Math.max(1, Math.round(ms)))} ms`;

/** A message that must not be missed: `alarm` for what failed, otherwise a caution. */
export function caution(text, { alarm = false, role = null } = {}) {
  return el("div", { class: alarm ? "caution alarm" : "caution", role }, icon("warning"), el("p", {}, text));
}
