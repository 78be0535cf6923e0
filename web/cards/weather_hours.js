import { bar, drawing, el, icon } from "../dom.js";
import { percent, round } from "../numbers.js";
import { hourThere, weekdayThere, zoneThere } from "../place_time.js";

const HOUR_MS = 3_600_000;

const figure = (value) => (value == null ? "–" : round(value));

/** Hour by hour from now on: temperature as a line, chance of rain as bars, gusts. A table that scrolls sideways. */
export function hourStrip({ hours: all, now, window, units, wind_warning: warning }) {
  const hours = now ? all.filter((hour) => Date.parse(hour.time) + HOUR_MS > Date.parse(now.time)) : all;
  if (!hours.length) return null;
  const zone = zoneThere(window.time_zone, hours[0].time);
  const row = (name, unit, cell) => el("tr", {},
    el("th", { scope: "row" }, name, unit && el("small", {}, unit)),
    ...hours.map((hour) => el("td", {}, ...cell(hour))));
  const rain = row("Chance of rain", null, ({ rain_chance: chance }) =>
    [bar(chance ?? 0), chance == null ? "–" : percent(chance)]);
  rain.className = "rain";
  return el("figure", { class: "strip" },
    el("figcaption", { class: "soft" }, `Hour by hour, local time (${zone})`),
    el("div", { class: "scroll", role: "region", "aria-label": "Hour by hour", tabindex: "0" },
      el("table", { class: "hours" },
        el("thead", {}, el("tr", {}, el("td"), ...hours.map((hour, at) => heading(hour, hours[at - 1])))),
        el("tbody", {},
          row("Temperature", units.temperature, ({ temperature }) => [figure(temperature)]),
          el("tr", { class: "line", "aria-hidden": "true" },
            el("td"), el("td", { colspan: hours.length }, line(hours))),
          rain,
          row("Gusts", units.speed, ({ gusts, time }) => [time === warning?.at ? strongest(gusts) : figure(gusts)])))));
}

const strongest = (gusts) => el("strong", {},
  icon("warning"), figure(gusts), el("span", { class: "visually-hidden" }, " strongest"));

/** "2 PM", and the day where it begins. */
function heading({ time }, before) {
  const begins = !before || before.time.slice(0, 10) !== time.slice(0, 10);
  return el("th", { scope: "col" }, el("small", {}, begins ? weekdayThere(time) : "\u00a0"), hourThere(time));
}

/** The temperatures as one line over the columns, broken where none is forecast. */
function line(hours) {
  const known = hours.map((hour) => hour.temperature).filter((value) => value != null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const y = (value) => 36 - (32 * (value - low)) / Math.max(high - low, 1);
  let pen = "M";
  const points = hours.map(({ temperature }, at) => {
    const point = temperature == null ? "" : `${pen}${at + 0.5} ${y(temperature).toFixed(1)}`;
    pen = temperature == null ? "M" : "L";
    return point;
  });
  return drawing({ viewBox: `0 0 ${hours.length} 40`, preserveAspectRatio: "none" }, points.join("") || "M0 0");
}
