import { formatPercent, formatQuantity } from "../numbers.js";
import { formatPlaceDate, formatPlaceTime } from "../place_time.js";
import { alertBox } from "./alert_box.js";
import { card } from "./card.js";
import { stats } from "./stats.js";
import { dailyTable } from "./weather_days.js";
import { hourlyStrip } from "./weather_hours.js";

const LEVELS = { caution: "Caution", warning: "Warning", danger: "Danger" };
const MAX_HOURS = 50;   // two days, one of them with the extra hour when daylight saving time ends

/**
 * Creates the card of a forecast, in the local time of the place.
 * @param {import("../api_types.js").Weather} answer the body of GET /v1/weather
 */
export function weatherCard(answer, { ms }) {
  const { now, hours, days } = answer;
  const isOneDay = !now && days.length === 1;
  return card({ ...answer, ms }, answer.text,
    windWarning(answer),
    now && currentFigures(answer),
    isOneDay && dayFigures(answer),
    hours.length <= MAX_HOURS && hourlyStrip(answer),
    days.length > 1 && dailyTable(answer));
}

/** Creates the warning of gusts that endanger a high-sided rig; null without one. */
function windWarning({ wind_warning: warning, units }) {
  if (!warning) return null;
  const { level, gusts, at, text } = warning;
  const time = `${formatPlaceDate(at.slice(0, 10))}, ${formatPlaceTime(at)}`;
  return alertBox(`${text}. Gusts up to ${formatQuantity(gusts, units.speed)} around ${time}.`, {
    severe: level !== "caution", title: `${LEVELS[level] ?? "Warning"}: wind and high-sided rigs`,
  });
}

function currentFigures({ now, units }) {
  return stats(
    ["Now", formatQuantity(now.temperature, units.temperature), now.condition && [now.condition]],
    ["Wind", formatQuantity(now.wind, units.speed), [`gusts ${formatQuantity(now.gusts, units.speed)}`]],
    ["Measured", formatPlaceTime(now.time), ["local time there"]]);
}

/** @param {{days: import("../api_types.js").DayForecast[], units: import("../api_types.js").WeatherUnits}} answer */
function dayFigures({ days: [day], units }) {
  const format = (value, formatValue) => (value == null ? "not forecast" : formatValue(value));
  return stats(
    ["High", format(day.high, (value) => formatQuantity(value, units.temperature)), day.condition && [day.condition]],
    ["Low", format(day.low, (value) => formatQuantity(value, units.temperature))],
    ["Chance of rain", format(day.rain_chance, formatPercent),
      day.rain ? [formatQuantity(day.rain, units.rain, 1)] : null],
    ["Gusts up to", format(day.gusts, (value) => formatQuantity(value, units.speed))]);
}
