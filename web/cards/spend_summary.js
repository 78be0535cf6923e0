import { categoryName } from "../categories.js";
import { amountChart, categoryChart } from "../chart.js";
import { day, days } from "../dates.js";
import { el, icon } from "../dom.js";
import { isNegative, isZero, money, moneySize, percentSize } from "../money.js";
import { counted } from "../numbers.js";
import { card } from "./card.js";
import { dateOf, otherCurrencies } from "./money_parts.js";
import { stats, whole } from "./stats.js";

/** The answer to a spending question. `answer` is the body of GET /v1/spend-summary. */
export function spendSummaryCard(answer, { ms, slots }) {
  const grouped = slots.group_by === "category";
  const parts = [figures(answer), chart(answer, grouped)];
  return card({ ...answer, ms }, answer.text, ...(grouped ? parts.reverse() : parts), otherCurrencies(answer));
}

/** The categories of the answer, all where they were asked for; for a question about one, the same days before. */
function chart({ by_category: rows, change: before, currency, total, ...answer }, grouped) {
  const when = days(answer.window, dateOf(answer));
  const caption = `Spending by category, ${when}`;
  if (rows.length > 1 || (grouped && rows.length)) {
    return categoryChart(rows, currency, { caption, most: grouped ? Infinity : 6 });
  }
  if (!before || (isZero(before.total) && isZero(total))) return null;
  const both = [[when, total], [days(before.window), before.total]];
  return amountChart(both, currency, { caption: "Compared with the same days before", headings: ["Days", "Amount"] });
}

function figures(answer) {
  const { currency, top_expense: top } = answer;
  const when = whole(days(answer.window, dateOf(answer)));
  return stats(
    ["Total", money(answer.total, currency), [`${counted(answer.count, "expense")}, `, when]],
    ["Daily average", money(answer.daily_average, currency)],
    answer.change && ["Change", ...change(answer.change, currency)],
    top && ["Largest", money(top.amount, top.currency),
      [`${top.description || categoryName(top.category)}, `, whole(day(top.date))]],
  );
}

/** The size and direction of the change, and what it is measured against. */
function change({ amount, percent, total, window }, currency) {
  const against = [whole(days(window)), `: ${money(total, currency)}`];
  if (isZero(amount)) return ["No change", against];
  const less = isNegative(amount);
  const size = percent == null ? moneySize(amount, currency) : percentSize(percent);
  return [
    el("span", {}, icon(less ? "down" : "up"), ` ${size} ${less ? "less" : "more"}`),
    percent == null ? against : [`${moneySize(amount, currency)} ${less ? "less" : "more"} than `, whole(days(window))],
  ];
}
