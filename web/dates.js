// Moments are shown in the time zone of this device; dates have no zone and are never moved by one.

import { el } from "./dom.js";

/** Where this device says it is: "America/Denver". */
export const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const DAY_MS = 86_400_000;
const toDay = (date) => new Date(`${date}T00:00:00Z`);

/** "2026-11-09" → "Nov 9", with the year when it isn't this one. */
export function day(date) {
  return new Intl.DateTimeFormat(undefined, dayStyle(date)).format(toDay(date));
}

function dayStyle(...dates) {
  const year = String(new Date().getFullYear());
  const style = { month: "short", day: "numeric", timeZone: "UTC" };
  return dates.every((date) => date.startsWith(year)) ? style : { ...style, year: "numeric" };
}

/** The half-open window [from, to) as its first and last day, ended at `today` when it runs on past it. */
export function days(window, today) {
  let last = new Date(toDay(window.to) - DAY_MS);
  if (today && today >= window.from && toDay(today) < last) last = toDay(today);
  const format = new Intl.DateTimeFormat(undefined, dayStyle(window.from, last.toISOString()));
  return format.formatRange(toDay(window.from), last);
}

/** The calendar day of a moment in a time zone, as "2026-11-22". */
export function dayIn(zone, moment) {
  const style = { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" };
  const parts = new Intl.DateTimeFormat("en-US", style).formatToParts(new Date(moment));
  return ["year", "month", "day"].map((type) => parts.find((part) => part.type === type).value).join("-");
}

/** Today on this device's calendar, as the value of a date field. */
export function today() {
  return dayIn(timezone, Date.now());
}

/** "10:32 AM", with the day when it isn't today. */
export function clock(moment) {
  const at = new Date(moment);
  const sameDay = at.toDateString() === new Date().toDateString();
  const style = sameDay ? { timeStyle: "short" }
    : { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };
  return new Intl.DateTimeFormat(undefined, style).format(at);
}

export function ago(moment, now = Date.now()) {
  const seconds = Math.round((new Date(moment) - now) / 1000);
  if (seconds > -10) return "just now";
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "always" });
  if (seconds > -60) return words.format(seconds, "second");
  if (seconds > -3600) return words.format(Math.ceil(seconds / 60), "minute");
  if (seconds > -86_400) return words.format(Math.ceil(seconds / 3600), "hour");
  return words.format(Math.ceil(seconds / 86_400), "day");
}

/** "9:14 AM, 2 minutes ago" in a <time> that keeps itself current. */
export function moment(iso) {
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" }).format(new Date(iso));
  const node = el("time", { datetime: iso, title: exact, "data-live": true });
  node.textContent = words(iso);
  return node;
}

const words = (iso) => `${clock(iso)}, ${ago(iso)}`;

/** Keeps every <time> made by `moment` current. */
export function keepTimesCurrent(every = 10_000) {
  setInterval(() => {
    for (const node of document.querySelectorAll("time[data-live]")) {
      const text = words(node.dateTime);
      if (node.textContent !== text) node.textContent = text;
    }
  }, every);
}
