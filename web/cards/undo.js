import { announce, el, icon, setBusy } from "../dom.js";
import { Problem } from "../problem.js";
import { caution } from "./caution.js";
import { timeLeft } from "./time_left.js";

/**
 * The Undo button and the time it has left, until `ends` (ms since 1970, by this device's clock).
 * `undo()` sends the request and resolves with its answer, which `onUndone` may show. `about` names what is undone,
 * where the card doesn't.
 */
export function undoLine({ ends, about = null, undo, onUndone = () => {} }) {
  const left = el("span", { class: "soft" });
  const trouble = el("div", { role: "alert" });
  const button = el("button", { type: "button", class: "quiet", on: { click: run } }, "Undo",
    about && el("span", { class: "visually-hidden" }, `: ${about}`));
  const line = el("div", { class: "undo" },
    el("div", { class: "actions" }, button, about && el("span", {}, about), left), trouble);

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
      finish(await undo());
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      fail(problem);
    }
  }

  function finish(undone) {
    clearInterval(timer);
    rescueFocus();
    onUndone(undone);
    line.replaceChildren(el("p", { class: "soft" }, icon("check"), about ? ` Undone: ${about}` : " Undone"));
    announce(`Undone. ${undone.text}`);
  }

  function fail(problem) {
    setBusy(button, false);
    if (problem.retry) button.firstChild.data = "Try to undo again";
    else if (problem.status === 404 || problem.status === 409) close("");
    trouble.replaceChildren(caution(problem.message, { alarm: true }));
  }
}
