import { announce, el, setBusy } from "../dom.js";
import { Problem } from "../problem.js";
import { alertBox } from "./alert_box.js";

const VERDICTS = { fine: "Fine", slow: "Slow", wrong: "Wrong", forgot: "It forgot" };

/**
 * Creates the control that judges an answer by two taps: one shows the four verdicts, the other sends one of them.
 * `send(verdict)` resolves once it is recorded, or throws a Problem. A verdict can be changed.
 */
export function feedbackControl(send) {
  const open = el("button", { type: "button", class: "secondary", "aria-expanded": "false", on: { click: toggle } },
    "How was this answer?");
  const choices = el("div", { class: "actions", role: "group", "aria-label": "How was this answer?", hidden: true },
    ...Object.entries(VERDICTS).map(([verdict, label]) =>
      el("button", { type: "button", class: "secondary", "data-verdict": verdict, on: { click: () => choose(verdict) } },
        label)));
  const errorBox = el("div", { role: "alert" });
  return el("div", { class: "feedback" }, open, choices, errorBox);

  function toggle() {
    choices.hidden = !choices.hidden;
    open.setAttribute("aria-expanded", String(!choices.hidden));
  }

  async function choose(verdict) {
    const buttons = [...choices.children];
    if (buttons.some((button) => button.hasAttribute("aria-disabled"))) return;
    for (const button of buttons) setBusy(button, true);
    errorBox.replaceChildren();
    try {
      await send(verdict);
      toggle();
      open.textContent = `You said: ${VERDICTS[verdict].toLowerCase()}. Change it`;
      open.focus({ preventScroll: true });
      announce("Thank you, that is noted.");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      errorBox.replaceChildren(alertBox(problem.message, { severe: true }));
    } finally {
      for (const button of buttons) setBusy(button, false);
    }
  }
}
