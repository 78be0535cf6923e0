import { categoryName } from "../categories.js";
import { formatDate } from "../dates.js";
import { el } from "../dom.js";
import { alertBox } from "./alert_box.js";

const WAITING = "Waiting. PAM adds this when the connection is back.";
const UNSTORED = "Waiting for the connection. This browser stores nothing, so please keep this page open.";

/**
 * Creates the card of an expense that waits for the connection. `remove()` drops it; `change()` opens the form with what
 * was entered, once the API has refused it.
 */
export function queuedExpenseCard(expense, { remove, change }) {
  const { amount, category, description, date } = expense.body;
  const details = [categoryName(category), description, date && formatDate(date)].filter(Boolean);
  const status = el("p", { class: "pending" }, expense.isStored ? WAITING : UNSTORED);
  const discard = el("button", { type: "button", class: "secondary", on: { click: () => {
    remove();
    progress.remove();
    node.append(el("p", { class: "muted" }, "Not added."));
  } } }, "Don't add");
  const progress = el("div", { class: "progress" }, status, discard);
  const node = el("article", { class: "card", "aria-label": `Expense of ${amount}, waiting` },
    el("p", { class: "card-text", dir: "auto" }, amount),
    el("p", { dir: "auto" }, details.join(" · ")),
    progress);
  expense.addEventListener("refused", () => {
    status.replaceWith(alertBox(expense.problem.message, { severe: true }));
    discard.before(el("button", { type: "button", class: "primary", on: { click: () => {
      change();
      node.querySelector(".actions, .progress")?.remove();
    } } }, "Change it"));
  });
  return node;
}
