// Where an answer comes from: its sources, whether they are simulated, its age and the response time.

import { formatAge, formatTime, timeElement } from "../dates.js";
import { el, icon } from "../dom.js";
import { alertBox } from "./alert_box.js";

const EXTERNAL_SOURCES = /Mapbox|Open-Meteo|EIA|ECB/g;

/**
 * Creates the footer of a card with source, age and response time; null if none is known.
 * @param {{source?: string | null, as_of?: string | null, ms?: number, cached?: boolean}} answer
 */
export function footer({ source, as_of, ms, cached }) {
  const cacheNote = cached === true ? ", from the cache" : cached === false ? ", not from the cache" : "";
  const facts = [
    ...(source ? [["Source", source]] : []),
    ...(as_of ? [["As of", timeElement(as_of)]] : []),
    ...(ms != null ? [["Took", `${formatMilliseconds(ms)}${cacheNote}`]] : []),
  ];
  if (!facts.length) return null;
  return el("dl", { class: "facts" },
    ...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

const formatMilliseconds = (ms) => `${new Intl.NumberFormat().format(Math.max(1, Math.round(ms)))} ms`;

/** Creates the note of a stale answer, with the reason and its age; null for a fresh one. */
export function staleNote(answer) {
  if (!answer.stale) return null;
  if (answer.reason === "database_unavailable") return ageNote("The database can't be reached; this", answer.as_of);
  if (answer.reason !== "source_unavailable") return ageNote("This isn't current; it", answer.as_of);
  // `as_of` is the time of the oldest fact, which may be a fresh one; `age_s` is the age of the stale one.
  const since = new Date(Date.now() - 1000 * answer.age_s);
  return ageNote(`${unavailableSources(answer.source)} doesn't answer; this`, since);
}

const ageNote = (reason, since) => alertBox(`${reason} is from ${formatTime(since)} (${formatAge(since)}).`);

/** Returns "Mapbox", or "Mapbox or EIA": the API doesn't tell which of several sources is unavailable. */
function unavailableSources(source) {
  const names = [...new Set(source?.match(EXTERNAL_SOURCES))];
  if (names.length > 1) return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
  return names[0] ?? "The source";
}

/** Creates the badge of an answer from simulated data; null for real data. */
export function simulatedBadge({ simulated }) {
  if (!simulated) return null;
  return el("p", { class: "badge", "data-simulated": true }, icon("flask"), "Simulated data");
}
