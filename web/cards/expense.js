import { categoryName } from "../categories.js";
import { day } from "../dates.js";
import { announce, el, icon, setBusy } from "../dom.js";
import { Problem } from "../problem.js";
import { budgetMeter } from "./budget.js";
import { card, sentences } from "./card.js";
import { caution } from "./caution.js";

/**
 * An expense that was just added, with its undo.
 * `answer` is the body of POST /v1/expenses, `timing` is {ms, now} of its request,
 * `undo(href)` sends the DELETE and resolves with its answer.
 */
export function expenseCard(answer, timing, undo) {
  const { expense } = answer;
  const about = [expense.description, categoryName(expense.category), day(expense.date)].filter(Boolean).join(" · ");
  const node = card({ ...answer, ms: timing.ms, done: true }, answer.text,
    el("p", {}, about),
    budgetMeter(answer.budget),
    answer.undo && undoLine(answer, timing.now, undo, (undone) => showUndone(node, undone)));
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

/** The Undo button and the time it has left, by the server's clock. */
function undoLine({ undo: handle }, serverNow, undo, onUndone) {
  const ends = Date.now() + (Date.parse(handle.expires_at) - serverNow);
  const left = el("span", { class: "soft" });
  const trouble = el("div", { role: "alert" });
  const button = el("button", { type: "button", class: "quiet", on: { click: run } }, "Undo");
  const line = el("div", { class: "undo" }, el("div", { class: "actions" }, button, left), trouble);

  const timer = setInterval(tick, 1000);
  tick();
  return line;

  function tick() {
    const seconds = Math.ceil((ends - Date.now()) / 1000);
    if (seconds <= 0 && !button.hasAttribute("aria-disabled")) return close("The ten minutes to undo this are over.");
    const words = timeLeft(seconds);
    if (left.textContent !== words) left.textContent = words;
  }

  function close(words) {
    clearInterval(timer);
    rescueFocus();
    button.remove();
    trouble.replaceChildren();
    left.textContent = words;
  }

  /** A keyboard user whose button goes away stays on the card. */
  function rescueFocus() {
    if (document.activeElement !== button) return;
    const holder = line.closest(".card");
    holder.tabIndex = -1;
    holder.focus({ preventScroll: true });
  }

  async function run() {
    if (button.hasAttribute("aria-disabled")) return;
    setBusy(button, true);
    try {
      finish(await undo(handle.href));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      fail(problem);
    }
  }

  function finish(undone) {
    clearInterval(timer);
    rescueFocus();
    onUndone(undone);
    line.replaceChildren(el("p", { class: "soft" }, icon("check"), " Undone"));
    announce(`Undone. ${undone.text}`);
  }

  function fail(problem) {
    setBusy(button, false);
    if (problem.retry) button.textContent = "Try to undo again";
    else if (problem.status === 404 || problem.status === 409) close("");
    trouble.replaceChildren(caution(problem.message, { alarm: true }));
  }
}

function timeLeft(seconds) {
  // The server's clock is read from a header in whole seconds: a second too many is not another minute.
  if (seconds > 60) return `${Math.ceil((seconds - 1) / 60)} min left`;
  return `${Math.max(0, seconds)} s left`;
}
