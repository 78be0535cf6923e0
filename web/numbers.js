// Quantities in the number format of this browser. The API has converted their units already.

const UNIT_SYMBOLS = { l: "L", l_per_100km: "L/100 km" };
const UNIT_NAMES = { gal: "gallon", l: "litre" };

// signDisplay "negative" shows no minus sign before a zero.
const formatNumber = (value, digits) =>
  new Intl.NumberFormat(undefined, { maximumFractionDigits: digits, signDisplay: "negative" }).format(value);

/** Formats a value with its unit and at most `digits` decimals: 412.4, "mi" → "412 mi". */
export function formatQuantity(value, unit, digits = 0) {
  return `${formatNumber(value, digits)}\u00a0${UNIT_SYMBOLS[unit] ?? unit}`;
}

/** Returns the name of a unit, as in "a gallon": "gal" → "gallon". */
export const unitName = (unit) => UNIT_NAMES[unit] ?? unit;

/** Formats a value without decimals and unit: 23.6 → "24". */
export const formatInteger = (value) => formatNumber(value, 0);

/** Formats a fraction as a percentage: 0.4 → "40%". */
export const formatPercent = (fraction) => new Intl.NumberFormat(undefined, { style: "percent" }).format(fraction);

/** Formats a count with its noun: 1, "expense" → "1 expense"; 2 → "2 expenses". */
export const formatCount = (n, noun) => `${new Intl.NumberFormat().format(n)} ${noun}${n === 1 ? "" : "s"}`;

/** Formats a driving time, rounded to five minutes from an hour on, as the API does: 20400 → "5 h 40 min". */
export function formatDrivingTime(seconds) {
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rounded = 5 * Math.round(minutes / 5);
  const [hours, rest] = [Math.floor(rounded / 60), rounded % 60];
  return rest ? `${hours} h ${rest} min` : `${hours} h`;
}
