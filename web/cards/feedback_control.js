import { announce, el, setBusy } from "../dom.js";
import { Problem } from "../problem.js";
import { alertBox } from "./alert_box.js";

const VERDICTS = { fine: "Fine", slow: "Slow", wrong: "Wrong", forgot: "It forgot" };

/**
 * Creates the control that judges an answer by two taps: one shows the four verdicts, the other sends one of them.
 * `send(verdict)` resolves once it is recorded, or throws a Problem. A verdict can be changed; `given` is an earlier one.
 * @param {(verdict: string) => Promise<any>} send
 * @param {string | null} [given]
 */
export function feedbackControl(send, given = null) {
  const open = el("button", { type: "button", class: "secondary", "aria-expanded": "false", on: { click: toggle } },
    "How was this answer?");
  const choices = el("div", { class: "actions", role: "group", "aria-label": "How was this answer?", hidden: true },
    ...Object.entries(VERDICTS).map(([verdict, label]) =>
      el("button", { type: "button", class: "secondary", "data-verdict": verdict, on: { click: () => choose(verdict) } },
        label)));
  const errorBox = el("div", { role: "alert" });
  if (given && Object.hasOwn(VERDICTS, given)) show(given);
  return el("div", { class: "feedback", on: { keydown: closeOnEscape } }, open, choices, errorBox);

  function show(verdict) {
    open.textContent = `You said: ${VERDICTS[verdict].toLowerCase()}. Change it`;
    for (const button of choices.children) button.setAttribute("aria-pressed", String(button.dataset.verdict === verdict));
  }

  function toggle() {
    choices.hidden = !choices.hidden;
    open.setAttribute("aria-expanded", String(!choices.hidden));
  }

  function closeOnEscape(event) {
    if (event.key !== "Escape" || choices.hidden) return;
    toggle();
    open.focus({ preventScroll: true });
  }

  async function choose(verdict) {
    const buttons = [...choices.children];
    if (buttons.some((button) => button.hasAttribute("aria-disabled"))) return;
    for (const button of buttons) setBusy(button, true);
    errorBox.replaceChildren();
    try {
      await send(verdict);
      show(verdict);
      // The focus first: a hidden button that has it would lose it to the page.
      if (choices.contains(document.activeElement)) open.focus({ preventScroll: true });
      if (!choices.hidden) toggle();
      announce("Thank you, that is noted.");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      errorBox.replaceChildren(alertBox(problem.message, { severe: true }));
    } finally {
      for (const button of buttons) setBusy(button, false);
    }
  }
}
