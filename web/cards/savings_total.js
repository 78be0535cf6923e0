import { amountChart } from "../chart.js";
import { answerDate, formatDateRange } from "../dates.js";
import { formatMoney } from "../money.js";
import { formatCount } from "../numbers.js";
import { card } from "./card.js";
import { otherCurrencies } from "./other_currencies.js";
import { nowrap, stats } from "./stats.js";

const KIND_NAMES = { gas: "Fuel", campground: "Campgrounds", route: "Routes", other: "Other" };

/**
 * Creates the card of savings, in total and by kind.
 * @param {import("../api_types.js").SavingsTotal} answer the body of GET /v1/savings
 */
export function savingsTotalCard(answer, { ms }) {
  const { by_kind: kinds, currency } = answer;
  const rows = kinds.map(({ kind, total, count }) => [KIND_NAMES[kind] ?? kind, total, formatCount(count, "time")]);
  const period = formatDateRange(answer.window, answerDate(answer));
  const labels = { caption: `Savings by kind, ${period}`, headings: ["Kind", "Amount", "How often"] };
  const hasFigures = answer.count > 0 || !answer.other_currencies.length;
  return card({ ...answer, ms }, answer.text,
    hasFigures && stats(["Saved", formatMoney(answer.total, currency), [`${formatCount(answer.count, "time")}, `, nowrap(period)]]),
    rows.length > 0 && amountChart(rows, currency, labels),
    otherCurrencies(answer));
}
