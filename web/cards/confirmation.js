import { el, icon, setBusy } from "../dom.js";
import { caution } from "./caution.js";
import { timeLeft } from "./time_left.js";

/**
 * What PAM wants to do and may only do after a yes: all its arguments, and two buttons that work once.
 * `request` is the frame, `ends` when it expires by this device's clock. `decide(decision)` sends "yes" or "no" and
 * says whether it could; `onLapse()` is called when the time is over.
 */
export function confirmation(request, { ends, decide, onLapse }) {
  const left = el("span", { class: "soft" });
  const yes = el("button", { type: "button", class: "primary", on: { click: () => press("yes") } }, "Confirm");
  const no = el("button", { type: "button", class: "quiet", on: { click: () => press("no") } }, "Cancel");
  const actions = el("div", { class: "actions" }, yes, no, left);
  const trouble = el("div", { role: "alert" });
  const node = el("section", { class: "confirm", "aria-label": `To confirm: ${request.summary}`, tabindex: "-1" },
    el("p", { class: "confirm-ask" }, icon("question"), el("strong", {}, "PAM asks you before it does this")),
    el("p", {}, request.summary),
    el("dl", { class: "arguments" }, ...Object.entries(request.arguments ?? {}).map(argument)),
    actions, trouble);
  const timer = setInterval(tick, 1000);
  let over = false;
  tick();
  return { node, refuse, settle };

  function tick() {
    const seconds = Math.ceil((ends - Date.now()) / 1000);
    const words = yes.hasAttribute("aria-disabled") ? "Sent" : `${timeLeft(seconds)} to decide`;
    if (seconds <= 0) return lapse();
    if (left.textContent !== words) left.textContent = words;
  }

  function press(decision) {
    if (yes.hasAttribute("aria-disabled")) return;
    trouble.replaceChildren();
    if (!decide(decision)) {
      trouble.append(caution("PAM isn't connected. Nothing was sent; decide when the connection is back."));
      return;
    }
    setBusy(yes, true);
    setBusy(no, true);
    tick();
  }

  /** Its time is over, also that of an answer to what was pressed. */
  function lapse() {
    conclude("clock", yes.hasAttribute("aria-disabled") ? "PAM hasn't said what became of this."
      : "The time to decide is over. Nothing was done.");
    onLapse();
  }

  /** `frame` is the `confirmed` one. */
  function settle({ decision, text, source }) {
    conclude(decision === "yes" ? "check" : "cross", text, source);
  }

  /** The decision was not taken: `error` says why. */
  function refuse({ message, retry_after: wait }) {
    setBusy(yes, false);
    setBusy(no, false);
    trouble.replaceChildren(caution(wait ? `${message} Best after ${wait} s.` : message, { alarm: true }));
    if (!over) tick();
  }

  function conclude(name, text, source = null) {
    if (over) return;
    over = true;
    clearInterval(timer);
    const hadFocus = actions.contains(document.activeElement);
    trouble.replaceChildren();
    actions.replaceWith(el("p", { class: "outcome" }, icon(name), el("span", {}, text,
      source && el("span", { class: "soft" }, ` ${source}`))));
    if (hadFocus) node.focus({ preventScroll: true });
  }
}

/** One argument, to the letter. */
function argument([name, value]) {
  const words = name.replaceAll("_", " ");
  return el("div", {}, el("dt", {}, words.charAt(0).toUpperCase() + words.slice(1)), el("dd", {}, spelled(value)));
}

function spelled(value) {
  if (value === null || value === "" || value?.length === 0) return "–";
  if (typeof value !== "object") return String(value);
  const plain = Array.isArray(value) && value.every((one) => typeof one !== "object");
  return plain ? value.join("\n") : JSON.stringify(value, null, 2);
}
