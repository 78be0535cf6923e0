// Bar charts as tables: bars for the eye, rows and columns for screen readers.

import { categoryName } from "./categories.js";
import { bar, el } from "./dom.js";
import { formatMoney } from "./money.js";
import { formatPercent } from "./numbers.js";
import { showMoreButton } from "./show_more.js";

/** Creates a chart of the API's `by_category` rows, largest first; rows beyond `maxRows` are behind a button. */
export function categoryChart(rows, currency, { caption, maxRows = Infinity }) {
  const table = barTable(caption, ["Category", "Amount", "Share"], rows.map((row) => ({
    label: categoryName(row.category),
    length: Number(row.total),
    values: [formatMoney(row.total, currency), formatPercent(row.share)],
  })));
  return el("div", { class: "chart" }, table, showMoreButton([...table.tBodies[0].rows].slice(maxRows)));
}

/** Creates a chart of amounts. `rows` are [label, amount, note?], `headings` the column headings for these. */
export function amountChart(rows, currency, { caption, headings }) {
  return barTable(caption, headings, rows.map(([label, amount, ...notes]) => ({
    label, length: Number(amount), values: [formatMoney(amount, currency), ...notes],
  })));
}

function barTable(caption, [heading, ...columns], rows) {
  const maxLength = Math.max(...rows.map((row) => row.length), Number.MIN_VALUE);
  const hidden = { "aria-hidden": "true" };
  return el("table", { class: "bars" },
    el("caption", { class: "visually-hidden" }, caption),
    el("thead", { class: "visually-hidden" }, el("tr", {},
      el("th", { scope: "col" }, heading), el("td", hidden),
      ...columns.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, ...rows.map((row) => el("tr", {},
      el("th", { scope: "row" }, row.label),
      el("td", { class: "track", ...hidden }, bar(row.length / maxLength)),
      ...row.values.map((value, index) => el("td", { class: index ? "num share" : "num" }, value))))));
}
