// A bar chart that is a table: the eye sees bars, a screen reader reads rows and columns.

import { categoryName } from "./categories.js";
import { bar, el } from "./dom.js";
import { money, share } from "./money.js";

/** Spending by category. `rows` are the API's by_category, largest first; beyond `most` the rest waits behind a button. */
export function categoryChart(rows, currency, { caption, most = Infinity }) {
  const table = barTable(caption, ["Category", "Amount", "Share"], rows.map((row) => ({
    label: categoryName(row.category),
    length: Number(row.total),
    values: [money(row.total, currency), share(row.share)],
  })));
  const chart = el("div", { class: "chart" }, table);
  if (rows.length > most + 1) chart.append(rest([...table.tBodies[0].rows].slice(most)));
  return chart;
}

/** A few amounts side by side: `rows` are [label, amount]. */
export function amountChart(rows, currency, { caption, heading }) {
  return barTable(caption, [heading, "Amount"], rows.map(([label, amount]) => ({
    label, length: Number(amount), values: [money(amount, currency)],
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

function rest(lines) {
  const show = (shown) => lines.forEach((node) => { node.hidden = !shown; });
  const button = el("button", { type: "button", class: "quiet", "aria-expanded": "false", on: { click() {
    const open = button.getAttribute("aria-expanded") !== "true";
    show(open);
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "Show fewer" : `Show ${lines.length} more`;
  } } }, `Show ${lines.length} more`);
  show(false);
  return button;
}
