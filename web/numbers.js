// Quantities with their units, in the number format of this browser. The API has converted them already.

const UNITS = { l: "L", l_per_100km: "L/100 km" };
const SPOKEN = { gal: "gallon", l: "litre" };

/** Nothing is colder than nothing: -0.2 is "0". */
const number = (value, digits) =>
  new Intl.NumberFormat(undefined, { maximumFractionDigits: digits, signDisplay: "negative" }).format(value);

/** 412.4, "mi" → "412 mi"; `digits` after the point at most. */
export function quantity(value, unit, digits = 0) {
  return `${number(value, digits)}\u00a0${UNITS[unit] ?? unit}`;
}

/** "gal" → "gallon", as in "a gallon". */
export const spoken = (unit) => SPOKEN[unit] ?? unit;

/** 23.6 → "24", under a heading that names the unit. */
export const round = (value) => number(value, 0);

/** 0.4 → "40%" */
export const percent = (part) => new Intl.NumberFormat(undefined, { style: "percent" }).format(part);

/** 1, "expense" → "1 expense"; 2 → "2 expenses". */
export const counted = (n, noun) => `${new Intl.NumberFormat().format(n)} ${noun}${n === 1 ? "" : "s"}`;

/** 20400 → "5 h 40 min", to five minutes from an hour on, as the API says it. */
export function drivingTime(seconds) {
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rounded = 5 * Math.round(minutes / 5);
  const [hours, rest] = [Math.floor(rounded / 60), rounded % 60];
  return rest ? `${hours} h ${rest} min` : `${hours} h`;
}
