import { bar, el, icon, svgPath } from "../dom.js";
import { formatInteger, formatPercent } from "../numbers.js";
import { formatPlaceHour, formatPlaceWeekday, zoneAbbreviation } from "../place_time.js";

const HOUR_MS = 3_600_000;

const format = (value) => (value == null ? "–" : formatInteger(value));

/**
 * Creates the table of hours from now on, with a line of temperatures. It scrolls sideways.
 * @param {import("../api_types.js").Weather} answer
 */
export function hourlyStrip({ hours: all, now, window, units, wind_warning: warning }) {
  const hours = now ? all.filter((hour) => Date.parse(hour.time) + HOUR_MS > Date.parse(now.time)) : all;
  if (!hours.length) return null;
  const zone = zoneAbbreviation(window.time_zone, hours[0].time);
  const row = (name, unit, cell) => el("tr", {},
    el("th", { scope: "row" }, name, unit && el("small", {}, unit)),
    ...hours.map((hour) => el("td", {}, ...cell(hour))));
  const rain = row("Chance of rain", null, ({ rain_chance: chance }) =>
    [bar(chance ?? 0), chance == null ? "–" : formatPercent(chance)]);
  rain.className = "rain";
  return el("figure", { class: "strip" },
    el("figcaption", { class: "muted" }, `Hour by hour, local time (${zone})`),
    el("div", { class: "scroll", role: "region", "aria-label": "Hour by hour", tabindex: "0" },
      el("table", { class: "hours" },
        el("thead", {}, el("tr", {}, el("td"), ...hours.map((hour, index) => hourHeading(hour, hours[index - 1])))),
        el("tbody", {},
          row("Temperature", units.temperature, ({ temperature }) => [format(temperature)]),
          el("tr", { class: "line", "aria-hidden": "true" },
            el("td"), el("td", { colspan: hours.length }, temperatureLine(hours))),
          rain,
          row("Gusts", units.speed, ({ gusts, time }) =>
            [time === warning?.at ? strongestGusts(gusts) : format(gusts)])))));
}

const strongestGusts = (gusts) => el("strong", {},
  icon("warning"), format(gusts), el("span", { class: "visually-hidden" }, " strongest"));

/** Creates the heading "2 PM", with the weekday above the first hour of a day. */
function hourHeading({ time }, previous) {
  const startsDay = !previous || previous.time.slice(0, 10) !== time.slice(0, 10);
  const weekday = startsDay ? formatPlaceWeekday(time) : "\u00a0";
  return el("th", { scope: "col" }, el("small", {}, weekday), formatPlaceHour(time));
}

/** Creates the line of temperatures across the columns, with gaps where none is forecast. */
function temperatureLine(hours) {
  const known = hours.map((hour) => hour.temperature).filter((value) => value != null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const y = (value) => 36 - (32 * (value - low)) / Math.max(high - low, 1);
  let pen = "M";
  const points = hours.map(({ temperature }, index) => {
    const point = temperature == null ? "" : `${pen}${index + 0.5} ${y(temperature).toFixed(1)}`;
    pen = temperature == null ? "M" : "L";
    return point;
  });
  return svgPath({ viewBox: `0 0 ${hours.length} 40`, preserveAspectRatio: "none" }, points.join("") || "M0 0");
}
