import { percent, quantity } from "../numbers.js";
import { dateThere, timeThere } from "../place_time.js";
import { card } from "./card.js";
import { caution } from "./caution.js";
import { stats } from "./stats.js";
import { dayTable } from "./weather_days.js";
import { hourStrip } from "./weather_hours.js";

const LEVELS = { caution: "Caution", warning: "Warning", danger: "Danger" };
const HOURS_SHOWN = 50;   // two days, with the hour that autumn repeats; of a week the days are enough

/** The weather of a place in a period, by the place's own clock. `answer` is the body of GET /v1/weather. */
export function weatherCard(answer, { ms }) {
  const { now, hours, days } = answer;
  const one = !now && days.length === 1;
  return card({ ...answer, ms }, answer.text,
    wind(answer),
    now && current(answer),
    one && summary(answer),
    hours.length <= HOURS_SHOWN && hourStrip(answer),
    days.length > 1 && dayTable(answer));
}

/** What gusts mean for a high-sided rig; null where they mean nothing. */
function wind({ wind_warning: warning, units }) {
  if (!warning) return null;
  const { level, gusts, at, text } = warning;
  const when = `${dateThere(at.slice(0, 10))}, ${timeThere(at)}`;
  return caution(`${text}. Gusts up to ${quantity(gusts, units.speed)} around ${when}.`, {
    alarm: level !== "caution", title: `${LEVELS[level] ?? "Warning"}: wind and high-sided rigs`,
  });
}

function current({ now, units }) {
  return stats(
    ["Now", quantity(now.temperature, units.temperature), now.condition && [now.condition]],
    ["Wind", quantity(now.wind, units.speed), [`gusts ${quantity(now.gusts, units.speed)}`]],
    ["Measured", timeThere(now.time), ["local time there"]]);
}

/** One day in its few figures. */
function summary({ days: [day], units }) {
  const known = (value, words) => (value == null ? "not forecast" : words(value));
  return stats(
    ["High", known(day.high, (value) => quantity(value, units.temperature)), day.condition && [day.condition]],
    ["Low", known(day.low, (value) => quantity(value, units.temperature))],
    ["Chance of rain", known(day.rain_chance, percent), day.rain ? [quantity(day.rain, units.rain, 1)] : null],
    ["Gusts up to", known(day.gusts, (value) => quantity(value, units.speed))]);
}
