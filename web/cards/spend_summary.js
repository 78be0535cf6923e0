import { categoryName } from "../categories.js";
import { amountChart, categoryChart } from "../chart.js";
import { ago, clock, day, dayIn, days } from "../dates.js";
import { el, icon } from "../dom.js";
import { isNegative, isZero, money, moneySize, percentSize } from "../money.js";
import { card, caution } from "./card.js";

/** The answer to a spending question. `answer` is the body of GET /v1/spend-summary. */
export function spendSummaryCard(answer, ms) {
  const parts = [
    staleNote(answer),
    stats(answer),
    chart(answer),
    otherCurrencies(answer),
  ];
  return card({ ...answer, ms }, answer.text, ...parts.filter(Boolean));
}

/** The categories of the answer; for a question about one of them, the same days before. */
function chart({ by_category: rows, change: before, currency, total, ...answer }) {
  const when = days(answer.window, dateOf(answer));
  if (rows.length > 1) return categoryChart(rows, currency, { caption: `Spending by category, ${when}`, most: 6 });
  if (!before || (isZero(before.total) && isZero(total))) return null;
  const both = [[when, total], [days(before.window), before.total]];
  return amountChart(both, currency, { caption: "Compared with the same days before", heading: "Days" });
}

/** The day of the answer on the traveller's own calendar. */
export const dateOf = (answer) => dayIn(answer.window.time_zone, answer.as_of);

/** Says that an answer is old, why, and from when; null for a fresh one. */
export function staleNote(answer) {
  if (!answer.stale) return null;
  const why = answer.reason === "database_unavailable" ? "The database can't be reached; this" : "This isn't current; it";
  return caution(`${why} is from ${clock(answer.as_of)} (${ago(answer.as_of)}).`);
}

/** Money in other currencies is in no total; it must not vanish either. */
export function otherCurrencies(answer) {
  if (!answer.other_currencies?.length) return null;
  const sums = answer.other_currencies.map((sum) => money(sum.total, sum.currency)).join(", ");
  return el("p", { class: "soft" }, `Not in these figures: ${sums} in other currencies.`);
}

function stats(answer) {
  const { currency, top_expense: top } = answer;
  const shown = [
    ["Total", money(answer.total, currency), [`${count(answer.count)}, `, whole(days(answer.window, dateOf(answer)))]],
    ["Daily average", money(answer.daily_average, currency)],
    answer.change && ["Change", ...change(answer.change, currency)],
    top && ["Largest", money(top.amount, top.currency), [`${top.description || categoryName(top.category)}, `, whole(day(top.date))]],
  ].filter(Boolean);
  return el("dl", { class: "stats" }, ...shown.map(([name, value, note]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, value, note && el("small", {}, ...note)))));
}

/** Words that stay on one line. */
const whole = (text) => el("span", { class: "nowrap" }, text);

const count = (n) => `${new Intl.NumberFormat().format(n)} ${n === 1 ? "expense" : "expenses"}`;

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
