import { categoryName } from "../categories.js";
import { amountChart, categoryChart } from "../chart.js";
import { answerDate, formatDate, formatDateRange } from "../dates.js";
import { el, icon } from "../dom.js";
import { formatMoney, formatMoneyUnsigned, formatPercentUnsigned, isNegative, isZero } from "../money.js";
import { formatCount } from "../numbers.js";
import { card } from "./card.js";
import { otherCurrencies } from "./other_currencies.js";
import { nowrap, stats } from "./stats.js";

const MAX_CATEGORIES = 6;

/**
 * Creates the card of a spending summary.
 * @param {import("../api_types.js").SpendSummary} answer the body of GET /v1/spend-summary
 */
export function spendSummaryCard(answer, { ms, slots }) {
  const isGrouped = slots.group_by === "category";
  // Without an amount that counts, "$0.00" would contradict the sentence.
  const hasFigures = answer.count > 0 || !answer.other_currencies.length;
  const children = [hasFigures && figures(answer), chart(answer, isGrouped)];
  if (isGrouped) children.reverse();
  return card({ ...answer, ms }, answer.text, ...children, otherCurrencies(answer));
}

/** Creates the chart of categories, all of them if grouped; for a single one, a comparison with the period before. */
function chart({ by_category: rows, change: previous, currency, total, ...answer }, isGrouped) {
  const period = formatDateRange(answer.window, answerDate(answer));
  if (rows.length > 1 || (isGrouped && rows.length)) {
    const caption = `Spending by category, ${period}`;
    return categoryChart(rows, currency, { caption, maxRows: isGrouped ? Infinity : MAX_CATEGORIES });
  }
  if (!previous || (isZero(previous.total) && isZero(total))) return null;
  const periods = [[period, total], [formatDateRange(previous.window), previous.total]];
  const labels = { caption: "Compared with the same days before", headings: ["Days", "Amount"] };
  return amountChart(periods, currency, labels);
}

function figures(answer) {
  const { currency, top_expense: top } = answer;
  const period = nowrap(formatDateRange(answer.window, answerDate(answer)));
  return stats(
    ["Total", formatMoney(answer.total, currency), [`${formatCount(answer.count, "expense")}, `, period]],
    answer.daily_average != null && ["Daily average", formatMoney(answer.daily_average, currency),
      answer.since > answer.window.from && ["since your records begin, ", nowrap(formatDate(answer.since))]],
    answer.change && ["Change", ...changeFigure(answer.change, currency)],
    top && ["Largest", formatMoney(top.amount, top.currency),
      [`${top.description || categoryName(top.category)}, `, nowrap(formatDate(top.date))]],
  );
}

/** Returns [value, note]: the size and direction of the change, and the period it is compared with. */
function changeFigure({ amount, percent, total, window }, currency) {
  const period = nowrap(formatDateRange(window));
  const comparison = [period, `: ${formatMoney(total, currency)}`];
  if (isZero(amount)) return ["No change", comparison];
  const [iconName, direction] = isNegative(amount) ? ["down", "less"] : ["up", "more"];
  const difference = formatMoneyUnsigned(amount, currency);
  const size = percent == null ? difference : formatPercentUnsigned(percent);
  return [
    el("span", {}, icon(iconName), ` ${size} ${direction}`),
    percent == null ? comparison : [`${difference} ${direction} than `, period],
  ];
}
