import { categoryName } from "../categories.js";
import { formatDate } from "../dates.js";
import { announce, el, setBusy } from "../dom.js";
import { formatMoney } from "../money.js";
import { Problem } from "../problem.js";
import { alertBox } from "./alert_box.js";
import { expenseEditor } from "./expense_editor.js";
import { convertedValue } from "./other_currencies.js";
import { undoControl } from "./undo_control.js";

const COLUMNS = 4;

/** Returns what an expense is, for the labels of its buttons: "Groceries, Nov 3, $45.00". */
const describe = ({ description, category, date, amount, currency }) =>
  `${description || categoryName(category)}, ${formatDate(date)}, ${formatMoney(amount, currency)}`;

/**
 * Creates the row of an expense, with buttons to edit and delete it, and the undo of either.
 * Of `actions`, update(id, changes) and remove(id) resolve with {data, expiresAt}, the body and the end of its undo on
 * this device's clock; undo(href) sends a DELETE.
 */
export function expenseRow(expense, actions) {
  const row = el("tr");
  showExpense(expense);
  return row;

  /**
   * Shows the expense, below it `note` if there is one.
   * @param {import("../api_types.js").ExpenseItem} shown
   * @param {HTMLElement | null} [note]
   */
  function showExpense(shown, note = null) {
    const { date, description, category, amount, currency, kind, converted } = shown;
    const details = [kind === "refund" && "Refund", description && categoryName(category)].filter(Boolean).join(" · ");
    const edit = button("Edit", shown, () => showEditor(shown));
    const remove = button("Delete", shown, () => deleteExpense(shown, remove));
    row.replaceChildren(
      el("td", { class: "nowrap" }, el("time", { datetime: date }, formatDate(date))),
      el("th", { scope: "row" }, description || categoryName(category), details && el("small", {}, details), note),
      el("td", { class: "num" }, formatMoney(amount, currency), converted && el("small", {}, convertedValue(shown))),
      el("td", { class: "row-actions" }, edit, remove));
    return edit;
  }

  function button(text, shown, onClick) {
    return el("button", { type: "button", class: "secondary small", on: { click: onClick } }, text,
      el("span", { class: "visually-hidden" }, `: ${describe(shown)}`));
  }

  function showEditor(shown) {
    const editor = expenseEditor(shown, {
      async save(changes) {
        const { data, expiresAt } = await actions.update(shown.id, changes);
        const undo = data.undo && undoControl({
          href: data.undo.href, expiresAt, label: "Changed", undo: () => actions.undo(data.undo.href),
          onUndone: () => showExpense(data.before).focus(),
        });
        showExpense(data.expense, undo).focus();
        announce(data.text);
      },
      cancel: () => showExpense(shown).focus(),
    });
    row.replaceChildren(el("td", { colspan: COLUMNS }, editor.node));
    editor.focus();
  }

  async function deleteExpense(shown, remove) {
    if (remove.hasAttribute("aria-disabled")) return;
    setBusy(remove, true);
    row.querySelector(".row-problem")?.remove();
    try {
      const { data, expiresAt } = await actions.remove(shown.id);
      const undo = undoControl({
        href: data.undo.href, expiresAt, label: data.text, undo: () => actions.undo(data.undo.href),
        onUndone: () => showExpense(shown).focus(),
      });
      row.replaceChildren(el("td", { colspan: COLUMNS }, undo));
      undo.querySelector("button").focus();
      announce(data.text);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      setBusy(remove, false);
      row.querySelector("th").append(
        el("div", { class: "row-problem", role: "alert" }, alertBox(problem.message, { severe: true })));
    }
  }
}
