import { announce, el, icon, setBusy } from "../dom.js";
import { Problem } from "../problem.js";
import { alertBox } from "./alert_box.js";
import { formatTimeLeft } from "./time_left.js";

const UPDATE_INTERVAL_MS = 1000;

/**
 * Creates an Undo button with the time left until `expiresAt` (ms since 1970 on this device's clock).
 * `href` is the request that undoes it, `undo()` sends the request and resolves with its body, which is passed to
 * `onUndone`. `label` names what is undone, unless the card makes it clear.
 * @param {{href: string, expiresAt: number, label?: string | null, undo: () => Promise<any>,
 *   onUndone?: (result: any) => void}} options
 */
export function undoControl({ href, expiresAt, label = null, undo, onUndone = () => {} }) {
  const timeLeft = el("span", { class: "muted" });
  const errorBox = el("div", { role: "alert" });
  const button = el("button", { type: "button", class: "secondary", on: { click: onClick } }, "Undo",
    label && el("span", { class: "visually-hidden" }, `: ${label}`));
  const node = el("div", { class: "undo", "data-undo": href },
    el("div", { class: "actions" }, button, label && el("span", {}, label), timeLeft), errorBox);

  const timer = setInterval(tick, UPDATE_INTERVAL_MS);
  tick();
  return node;

  function tick() {
    const seconds = Math.ceil((expiresAt - Date.now()) / 1000);
    if (seconds <= 0 && !button.hasAttribute("aria-disabled")) return close("The ten minutes to undo this are over.");
    const text = formatTimeLeft(seconds);
    if (timeLeft.textContent !== text) timeLeft.textContent = text;
  }

  function close(text) {
    clearInterval(timer);
    moveFocusToCard();
    button.remove();
    errorBox.replaceChildren();
    timeLeft.textContent = text;
  }

  /** Moves the focus from the button, which is about to be removed, to the card. */
  function moveFocusToCard() {
    if (document.activeElement !== button) return;
    const card = node.closest(".card");
    card.tabIndex = -1;
    card.focus({ preventScroll: true });
  }

  async function onClick() {
    if (button.hasAttribute("aria-disabled")) return;
    setBusy(button, true);
    try {
      showUndone(await undo());
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      showProblem(problem);
    }
  }

  function showUndone(result) {
    clearInterval(timer);
    moveFocusToCard();
    onUndone(result);
    node.replaceChildren(el("p", { class: "muted" }, icon("check"), label ? ` Undone: ${label}` : " Undone"));
    announce(`Undone. ${result.text}`);
  }

  function showProblem(problem) {
    setBusy(button, false);
    if (problem.retry) button.firstChild.data = "Try to undo again";
    else if (problem.status === 404 || problem.status === 409) close("");
    errorBox.replaceChildren(alertBox(problem.message, { severe: true }));
  }
}
