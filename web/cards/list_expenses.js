import { categoryName } from "../categories.js";
import { formatDate } from "../dates.js";
import { announce, el, setBusy } from "../dom.js";
import { formatMoney } from "../money.js";
import { formatCount } from "../numbers.js";
import { Problem } from "../problem.js";
import { alertBox } from "./alert_box.js";
import { card } from "./card.js";
import { convertedValue } from "./other_currencies.js";

/**
 * Creates the card of a list of expenses; `fetchPage(cursor)` resolves with the next page.
 * @param {import("../api_types.js").ExpenseList} answer the body of GET /v1/expenses
 */
export function listExpensesCard(answer, { ms, fetchPage }) {
  if (!answer.expenses.length) return card({ ...answer, ms }, answer.text);
  const rows = el("tbody", {}, ...answer.expenses.map(expenseRow));
  const table = el("table", { class: "ledger" },
    el("caption", { class: "visually-hidden" }, "Expenses, newest first"),
    el("thead", {}, el("tr", {}, ...["Date", "Expense", "Amount"].map((name) => el("th", { scope: "col" }, name)))),
    rows);
  const { next_cursor: cursor } = answer;
  return card({ ...answer, ms }, answer.text, table, cursor && nextPageButton(cursor, rows, fetchPage));
}

const expenseRow = ({ date, description, category, amount, currency, converted }) => el("tr", {},
  el("td", { class: "nowrap" }, el("time", { datetime: date }, formatDate(date))),
  el("th", { scope: "row" },
    description || categoryName(category), description && el("small", {}, categoryName(category))),
  el("td", { class: "num" }, formatMoney(amount, currency), converted && el("small", {}, convertedValue({ converted }))));

/** Creates a button that appends the next page; it is removed after the last one. */
function nextPageButton(cursor, rows, fetchPage) {
  const errorBox = el("div", { role: "alert" });
  const button = el("button", { type: "button", class: "secondary", on: { click: loadPage } }, "Show more");
  return el("div", { class: "next-page" }, button, errorBox);

  async function loadPage() {
    if (button.hasAttribute("aria-disabled")) return;
    setBusy(button, true);
    errorBox.replaceChildren();
    try {
      appendPage(await fetchPage(cursor));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      errorBox.replaceChildren(alertBox(problem.message, { severe: true }));
    }
    setBusy(button, false);
  }

  function appendPage(page) {
    const added = page.expenses.map(expenseRow);
    rows.append(...added);
    announce(`${formatCount(added.length, "more expense")}${page.next_cursor ? "" : "; that's all"}.`);
    cursor = page.next_cursor;
    if (cursor) return;
    if (document.activeElement === button && added.length) {   // the focus would be lost with the button
      added[0].tabIndex = -1;
      added[0].focus({ preventScroll: true });
    }
    button.remove();
  }
}
