import { el, setFractions } from "../dom.js";
import { formatInteger, formatPercent } from "../numbers.js";
import { formatPlaceDate } from "../place_time.js";
import { nowrap } from "./stats.js";

/**
 * Creates the table of days: temperature range on a common scale, rain, gusts and condition.
 * @param {import("../api_types.js").Weather} answer
 */
export function dailyTable({ days, units }) {
  const lows = days.map((day) => day.low).filter((value) => value != null);
  const highs = days.map((day) => day.high).filter((value) => value != null);
  const [coldest, warmest] = [Math.min(...lows), Math.max(...highs)];
  const fraction = (value) => (value - coldest) / Math.max(warmest - coldest, 1);
  const range = ({ low, high }) => (low == null || high == null ? null
    : setFractions(el("span"), { from: fraction(low), to: fraction(high) }));
  const format = (value, formatValue) => (value == null ? "–" : formatValue(value));
  const row = (day) => el("tr", {},
    el("th", { scope: "row" }, nowrap(formatPlaceDate(day.date)), day.condition && el("small", {}, day.condition)),
    el("td", { class: "num" }, format(day.low, formatInteger)),
    el("td", { class: "range", "aria-hidden": "true" }, range(day)),
    el("td", { class: "num" }, format(day.high, formatInteger)),
    el("td", { class: "num" }, format(day.rain_chance, formatPercent)),
    el("td", { class: "num" }, format(day.gusts, formatInteger)));
  return el("table", { class: "days" },
    el("caption", { class: "visually-hidden" }, "Day by day"),
    el("thead", {}, el("tr", {},
      el("th", { scope: "col" }, "Day"),
      heading("Low", units.temperature),
      el("td", { class: "range", "aria-hidden": "true" }),
      heading("High", units.temperature), heading("Rain", "chance"), heading("Gusts", units.speed))),
    el("tbody", {}, ...days.map(row)));
}

const heading = (name, unit) => el("th", { scope: "col", class: "num" }, name, el("small", {}, unit));
