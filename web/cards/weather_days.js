import { el, scaled } from "../dom.js";
import { percent, round } from "../numbers.js";
import { dateThere } from "../place_time.js";
import { whole } from "./stats.js";

/** Day by day: how cold and warm, on one scale for all; rain, gusts and the condition. */
export function dayTable({ days, units }) {
  const lows = days.map((day) => day.low).filter((value) => value != null);
  const highs = days.map((day) => day.high).filter((value) => value != null);
  const [coldest, warmest] = [Math.min(...lows), Math.max(...highs)];
  const part = (value) => (value - coldest) / Math.max(warmest - coldest, 1);
  const range = ({ low, high }) => (low == null || high == null ? null
    : scaled(el("span"), { from: part(low), to: part(high) }));
  const known = (value, words) => (value == null ? "–" : words(value));
  const line = (day) => el("tr", {},
    el("th", { scope: "row" }, whole(dateThere(day.date)), day.condition && el("small", {}, day.condition)),
    el("td", { class: "num" }, known(day.low, round)),
    el("td", { class: "range", "aria-hidden": "true" }, range(day)),
    el("td", { class: "num" }, known(day.high, round)),
    el("td", { class: "num" }, known(day.rain_chance, percent)),
    el("td", { class: "num" }, known(day.gusts, round)));
  return el("table", { class: "days" },
    el("caption", { class: "visually-hidden" }, "Day by day"),
    el("thead", {}, el("tr", {},
      el("th", { scope: "col" }, "Day"),
      heading("Low", units.temperature),
      el("td", { class: "range", "aria-hidden": "true" }),
      heading("High", units.temperature), heading("Rain", "chance"), heading("Gusts", units.speed))),
    el("tbody", {}, ...days.map(line)));
}

const heading = (name, unit) => el("th", { scope: "col", class: "num" }, name, el("small", {}, unit));
