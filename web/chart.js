// A bar chart that is a table: the eye sees bars, a screen reader reads rows and columns.

import { categoryName } from "./categories.js";
import { bar, el } from "./dom.js";
import { money } from "./money.js";
import { showMore } from "./more.js";
import { percent } from "./numbers.js";

/** Spending by category. `rows` are the API's by_category, largest first; beyond `most` they wait behind a button. */
export function categoryChart(rows, currency, { caption, most = Infinity }) {
  const table = barTable(caption, ["Category", "Amount", "Share"], rows.map((row) => ({
    label: categoryName(row.category),
    length: Number(row.total),
    values: [money(row.total, currency), percent(row.share)],
  })));
  return el("div", { class: "chart" }, table, showMore([...table.tBodies[0].rows].slice(most)));
}

/** A few amounts side by side: `rows` are [label, amount, note?]; `headings` those of label, amount and note. */
export function amountChart(rows, currency, { caption, headings }) {
  return barTable(caption, headings, rows.map(([label, amount, ...notes]) => ({
    label, length: Number(amount), values: [money(amount, currency), ...notes],
  })));
}

function barTable(caption, [heading, ...columns], rows) {
  const longest = Math.max(...rows.map((row) => row.length), Number.MIN_VALUE);
  const hidden = { "aria-hidden": "true" };
  return el("table", { class: "bars" },
    el("caption", { class: "visually-hidden" }, caption),
    el("thead", { class: "visually-hidden" }, el("tr", {},
      el("th", { scope: "col" }, heading), el("td", hidden),
      ...columns.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, ...rows.map((row) => el("tr", {},
      el("th", { scope: "row" }, row.label),
      el("td", { class: "track", ...hidden }, bar(row.length / longest)),
      ...row.values.map((value, at) => el("td", { class: at ? "num share" : "num" }, value))))));
}
