import { categoryName } from "../categories.js";
import { formatDate } from "../dates.js";
import { el } from "../dom.js";
import { budgetMeter } from "./budget_meter.js";
import { card, emphasizeFirstSentence } from "./card.js";
import { convertedValue } from "./other_currencies.js";
import { undoControl } from "./undo_control.js";

/**
 * Creates the card of an expense that was just added or corrected, with its undo.
 * `timing` is the {ms, now} of its response; `undo(href)` sends a DELETE and resolves with its body.
 * @param {import("../api_types.js").ExpenseAdded | import("../api_types.js").ExpenseCorrected} answer the body of
 *   POST or PATCH /v1/expenses
 */
export function expenseCard(answer, timing, undo) {
  const { expense, undo: handle } = answer;
  const details = [expense.kind === "refund" && "Refund", expense.description, categoryName(expense.category),
    formatDate(expense.date), convertedValue(expense)].filter(Boolean);
  const node = card({ ...answer, ms: timing.ms, isWrite: true }, answer.text,
    el("p", { dir: "auto" }, details.join(" · ")),
    budgetMeter(answer.budget),
    handle && undoControl({
      href: handle.href,
      expiresAt: Date.now() + (Date.parse(handle.expires_at) - timing.now),
      undo: () => undo(handle.href),
      onUndone: (result) => showUndone(node, result),
    }));
  return node;
}

function showUndone(node, result) {
  node.classList.add("undone");
  node.setAttribute("aria-label", result.text);
  node.querySelector(".card-text").replaceChildren(...emphasizeFirstSentence(result.text));
  node.querySelector(".budget")?.remove();
  const meter = budgetMeter(result.budget);
  if (meter) node.querySelector(".facts").before(meter);
}
