// What an answer rests on: its sources, whether they are made up, from when it is, and how long it took.

import { ago, clock, moment } from "../dates.js";
import { el, icon } from "../dom.js";
import { caution } from "./caution.js";

const UPSTREAMS = /Mapbox|Open-Meteo|EIA/g;

/** The sources of an answer, in small print. */
export function footer({ source, as_of, ms, cached }) {
  const from = cached === true ? ", from the cache" : cached === false ? ", not from the cache" : "";
  const facts = [
    source && ["Source", source],
    as_of && ["As of", moment(as_of)],
    ms != null && ["Took", `${duration(ms)}${from}`],
  ].filter(Boolean);
  if (!facts.length) return null;
  return el("dl", { class: "facts" },
    ...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

const duration = (ms) => `${new Intl.NumberFormat().format(Math.max(1, Math.round(ms)))} ms`;

/** Says that an answer is old, why, and from when; null for a fresh one. */
export function staleNote(answer) {
  if (!answer.stale) return null;
  if (answer.reason === "database_unavailable") return told("The database can't be reached; this", answer.as_of);
  if (answer.reason !== "source_unavailable") return told("This isn't current; it", answer.as_of);
  // `as_of` is that of the oldest fact, also of those that are still good; `age_s` of the one that is not.
  return told(`${silent(answer.source)} answer; this`, new Date(Date.now() - 1000 * answer.age_s));
}

const told = (what, from) => caution(`${what} is from ${clock(from)} (${ago(from)}).`);

/** "Mapbox doesn't"; which of several it is, the API doesn't say. */
function silent(source) {
  const names = [...new Set(source?.match(UPSTREAMS))];
  if (names.length > 1) return `${names.slice(0, -1).join(", ")} or ${names.at(-1)} doesn't`;
  return `${names[0] ?? "The source"} doesn't`;
}

/** Renders the badge of an answer whose data is simulated; null for a real one. */
export function simulatedBadge({ simulated }) {
  if (!simulated) return null;
  return el("p", { class: "badge", "data-simulated": true }, icon("flask"), "Simulated data");
}
