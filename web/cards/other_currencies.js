import { formatDate } from "../dates.js";
import { el } from "../dom.js";
import { formatMoney } from "../money.js";

/**
 * Creates the notes on amounts in other currencies: what the figures include at an exchange rate, with its source and
 * days, and what they leave out without one; null if there are none.
 * @param {{currency: string, converted?: import("../api_types.js").ConvertedTotal[],
 *   other_currencies?: {currency: string, total: string}[], not_included?: {currency: string, total: string}[]}} figures
 */
export function otherCurrencies({ currency, converted = [], other_currencies: others, not_included: excluded }) {
  const left = excluded ?? others ?? [];
  if (!converted.length && !left.length) return null;
  return el("div", { class: "muted" },
    ...converted.map((part) => el("p", {}, convertedText(part, currency))),
    left.length > 0 && el("p", {}, `Not in these figures, without an exchange rate yet: ${amounts(left)}.`));
}

const amounts = (parts) => parts.map(({ total, currency }) => formatMoney(total, currency)).join(", ");

function convertedText({ currency, total, value, source, first_rate_date: first, last_rate_date: last }, target) {
  const days = first === last ? formatDate(first) : `${formatDate(first)} to ${formatDate(last)}`;
  return `Includes ${formatMoney(total, currency)} as ${formatMoney(value, target)}, ${source} rates of ${days}.`;
}

/**
 * Describes an expense's value in the user's currency, with the rate's source and day; null in that currency, and
 * without a rate.
 * @param {import("../api_types.js").ExpenseItem} expense
 */
export function convertedValue({ converted }) {
  if (!converted) return null;
  const { amount, currency, source, rate_date: day } = converted;
  return `${formatMoney(amount, currency)}, ${source} rate of ${formatDate(day)}`;
}
