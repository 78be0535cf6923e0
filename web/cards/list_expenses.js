import { categoryName } from "../categories.js";
import { day } from "../dates.js";
import { announce, el, setBusy } from "../dom.js";
import { money } from "../money.js";
import { counted } from "../numbers.js";
import { Problem } from "../problem.js";
import { card } from "./card.js";
import { caution } from "./caution.js";

/** Expenses one by one, newest first. `nextPage(cursor)` gives the body of GET /v1/expenses from there on. */
export function listExpensesCard(answer, { ms, nextPage }) {
  if (!answer.expenses.length) return card({ ...answer, ms }, answer.text);
  const rows = el("tbody", {}, ...answer.expenses.map(row));
  const table = el("table", { class: "ledger" },
    el("caption", { class: "visually-hidden" }, "Expenses, newest first"),
    el("thead", {}, el("tr", {}, ...["Date", "Expense", "Amount"].map((name) => el("th", { scope: "col" }, name)))),
    rows);
  return card({ ...answer, ms }, answer.text, table, answer.next_cursor && more(answer.next_cursor, rows, nextPage));
}

const row = ({ date, description, category, amount, currency }) => el("tr", {},
  el("td", { class: "nowrap" }, el("time", { datetime: date }, day(date))),
  el("th", { scope: "row" },
    description || categoryName(category), description && el("small", {}, categoryName(category))),
  el("td", { class: "num" }, money(amount, currency)));

/** A button that appends the next page, for as long as there is one. */
function more(cursor, rows, nextPage) {
  const trouble = el("div", { role: "alert" });
  const button = el("button", { type: "button", class: "quiet", on: { click: run } }, "Show more");
  return el("div", { class: "more" }, button, trouble);

  async function run() {
    if (button.hasAttribute("aria-disabled")) return;
    setBusy(button, true);
    trouble.replaceChildren();
    try {
      append(await nextPage(cursor));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      trouble.replaceChildren(caution(problem.message, { alarm: true }));
    }
    setBusy(button, false);
  }

  function append(page) {
    const added = page.expenses.map(row);
    rows.append(...added);
    announce(`${counted(added.length, "more expense")}${page.next_cursor ? "" : "; that's all"}.`);
    cursor = page.next_cursor;
    if (cursor) return;
    if (document.activeElement === button && added.length) {   // a keyboard user whose button goes away reads on
      added[0].tabIndex = -1;
      added[0].focus({ preventScroll: true });
    }
    button.remove();
  }
}
