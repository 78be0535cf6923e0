import { categoryName } from "../categories.js";
import { day } from "../dates.js";
import { el } from "../dom.js";
import { budgetMeter } from "./budget.js";
import { card, sentences } from "./card.js";
import { undoLine } from "./undo.js";

/**
 * An expense that was just added, with its undo.
 * `answer` is the body of POST /v1/expenses, `timing` is {ms, now} of its request,
 * `undo(href)` sends the DELETE and resolves with its answer.
 */
export function expenseCard(answer, timing, undo) {
  const { expense, undo: handle } = answer;
  const about = [expense.description, categoryName(expense.category), day(expense.date)].filter(Boolean).join(" · ");
  const node = card({ ...answer, ms: timing.ms, done: true }, answer.text,
    el("p", {}, about),
    budgetMeter(answer.budget),
    handle && undoLine({
      ends: Date.now() + (Date.parse(handle.expires_at) - timing.now),
      undo: () => undo(handle.href),
      onUndone: (undone) => showUndone(node, undone),
    }));
  return node;
}

/** The card of an expense that was taken back. */
function showUndone(node, undone) {
  node.classList.add("undone");
  node.setAttribute("aria-label", undone.text);
  node.querySelector(".card-text").replaceChildren(...sentences(undone.text));
  node.querySelector(".budget")?.remove();
  const meter = budgetMeter(undone.budget);
  if (meter) node.querySelector(".facts").before(meter);
}
