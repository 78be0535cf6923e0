// Dates and times. Instants are shown in the time zone of this device; calendar dates have no zone.

import { el } from "./dom.js";

/** The IANA time zone of this device, such as "America/Denver". */
export const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const DAY_MS = 86_400_000;
const UPDATE_INTERVAL_MS = 10_000;
const toUtcDate = (date) => new Date(`${date}T00:00:00Z`);

/** Formats a calendar date: "2026-11-09" → "Nov 9", with the year unless it is the current one. */
export function formatDate(date) {
  return new Intl.DateTimeFormat(undefined, dateOptions(date)).format(toUtcDate(date));
}

/** @returns {Intl.DateTimeFormatOptions} */
function dateOptions(...dates) {
  const year = String(new Date().getFullYear());
  /** @type {Intl.DateTimeFormatOptions} */
  const options = { month: "short", day: "numeric", timeZone: "UTC" };
  return dates.every((date) => date.startsWith(year)) ? options : { ...options, year: "numeric" };
}

/**
 * Formats the half-open window {from, to} as a range of days: "Nov 1 – 9".
 * With `today`, a window that extends into the future ends today.
 */
export function formatDateRange(window, today) {
  let last = new Date(toUtcDate(window.to).getTime() - DAY_MS);
  if (today && today >= window.from && toUtcDate(today) < last) last = toUtcDate(today);
  const format = new Intl.DateTimeFormat(undefined, dateOptions(window.from, last.toISOString()));
  return format.formatRange(toUtcDate(window.from), last);
}

/** Returns the calendar date of an instant in a time zone, as "2026-11-22". */
export function dateInZone(zone, instant) {
  /** @type {Intl.DateTimeFormatOptions} */
  const options = { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" };
  const parts = new Intl.DateTimeFormat("en-US", options).formatToParts(new Date(instant));
  return ["year", "month", "day"].map((type) => parts.find((part) => part.type === type)?.value).join("-");
}

/** Returns today's date in the time zone of this device, as "2026-11-22". */
export function today() {
  return dateInZone(timezone, Date.now());
}

/** Returns the date of an answer about money (with `window` and `as_of`), in the user's time zone. */
export const answerDate = (answer) => dateInZone(answer.window.time_zone, answer.as_of);

/** Formats an instant as "10:32 AM", with the date unless it is today. */
export function formatTime(instant) {
  const time = new Date(instant);
  const isToday = time.toDateString() === new Date().toDateString();
  /** @type {Intl.DateTimeFormatOptions} */
  const options = isToday ? { timeStyle: "short" }
    : { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };
  return new Intl.DateTimeFormat(undefined, options).format(time);
}

/** Formats the age of an instant: "just now", "2 minutes ago". */
export function formatAge(instant, now = Date.now()) {
  const seconds = Math.round((new Date(instant).getTime() - now) / 1000);
  if (seconds > -10) return "just now";
  const format = new Intl.RelativeTimeFormat(undefined, { numeric: "always" });
  if (seconds > -60) return format.format(seconds, "second");
  if (seconds > -3600) return format.format(Math.ceil(seconds / 60), "minute");
  if (seconds > -86_400) return format.format(Math.ceil(seconds / 3600), "hour");
  return format.format(Math.ceil(seconds / 86_400), "day");
}

/** Creates a <time> such as "9:14 AM, 2 minutes ago"; startTimeUpdates() keeps its age current. */
export function timeElement(iso) {
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" }).format(new Date(iso));
  return el("time", { datetime: iso, title: exact, "data-live": true }, timeWithAge(iso));
}

const timeWithAge = (iso) => `${formatTime(iso)}, ${formatAge(iso)}`;

/** Starts to update every <time> made by timeElement() at an interval. */
export function startTimeUpdates() {
  setInterval(() => {
    for (const node of /** @type {NodeListOf<HTMLTimeElement>} */ (document.querySelectorAll("time[data-live]"))) {
      const text = timeWithAge(node.dateTime);
      if (node.textContent !== text) node.textContent = text;
    }
  }, UPDATE_INTERVAL_MS);
}
