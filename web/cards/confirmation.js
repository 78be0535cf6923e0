import { el, icon, setBusy } from "../dom.js";
import { alertBox } from "./alert_box.js";
import { downloadLink } from "./download_link.js";
import { formatTimeLeft } from "./time_left.js";

const UPDATE_INTERVAL_MS = 1000;

/**
 * Creates the dialog of a write that needs the user's approval, with all its arguments.
 * `request` is the confirm_request frame, `expiresAt` its end in ms since 1970 on this device's clock.
 * `decide(decision)` sends "yes" or "no" and returns false if not connected; `onExpire()` is called at the end.
 * Returns {node, reject(error), showOutcome(frame)}.
 */
export function createConfirmation(request, { expiresAt, decide, onExpire }) {
  const timeLeft = el("span", { class: "muted" });
  const confirm = el("button", { type: "button", class: "primary", on: { click: () => onClick("yes") } }, "Confirm");
  const cancel = el("button", { type: "button", class: "secondary", on: { click: () => onClick("no") } }, "Cancel");
  const actions = el("div", { class: "actions" }, confirm, cancel, timeLeft);
  const errorBox = el("div", { role: "alert" });
  const node = el("section", { class: "confirmation", "aria-label": `To confirm: ${request.summary}`, tabindex: "-1" },
    el("p", { class: "confirmation-head" }, icon("question"), el("strong", {}, "PAM asks you before it does this")),
    el("p", {}, request.summary),
    el("dl", { class: "arguments" }, ...Object.entries(shownArguments(request)).map(argumentRow)),
    actions, errorBox);
  const timer = setInterval(tick, UPDATE_INTERVAL_MS);
  let isClosed = false;
  tick();
  return { node, reject, showOutcome };

  function isDecided() {
    return confirm.hasAttribute("aria-disabled");
  }

  function tick() {
    const seconds = Math.ceil((expiresAt - Date.now()) / 1000);
    if (seconds <= 0) return expire();
    const text = isDecided() ? "Sent" : `${formatTimeLeft(seconds)} to decide`;
    if (timeLeft.textContent !== text) timeLeft.textContent = text;
  }

  function onClick(decision) {
    if (isDecided()) return;
    errorBox.replaceChildren();
    if (!decide(decision)) {
      errorBox.append(alertBox("PAM isn't connected. Nothing was sent; decide when the connection is back."));
      return;
    }
    setBusy(confirm, true);
    setBusy(cancel, true);
    tick();
  }

  function expire() {
    close("clock", isDecided() ? "PAM hasn't said what became of this."
      : "The time to decide is over. Nothing was done.");
    onExpire();
  }

  /** Shows the outcome from the `confirmed` frame. */
  function showOutcome({ decision, text, source, download }) {
    close(decision === "yes" ? "check" : "cross", text, source);
    const link = downloadLink(download);
    if (link && !node.querySelector(".download")) node.append(link);
  }

  /** Shows why the server rejected the decision, and enables the buttons again. */
  function reject({ message, retry_after: wait }) {
    setBusy(confirm, false);
    setBusy(cancel, false);
    errorBox.replaceChildren(alertBox(wait ? `${message} Best after ${wait} s.` : message, { severe: true }));
    if (!isClosed) tick();
  }

  function close(iconName, text, source = null) {
    if (isClosed) return;
    isClosed = true;
    clearInterval(timer);
    const hadFocus = actions.contains(document.activeElement);
    errorBox.replaceChildren();
    actions.replaceWith(el("p", { class: "outcome" }, icon(iconName), el("span", {}, text,
      source && el("span", { class: "muted" }, ` ${source}`))));
    if (hadFocus) node.focus({ preventScroll: true });
  }
}

/** Returns the arguments; in place of a name that the user wrote, whom it means. */
function shownArguments({ arguments: written, identities }) {
  const meant = Object.entries(identities ?? {}).map(([argument, { id, name }]) => [argument, `${name}\nid ${id}`]);
  return { ...written, ...Object.fromEntries(meant) };
}

function argumentRow([name, value]) {
  const label = name.replaceAll("_", " ");
  return el("div", {}, el("dt", {}, label.charAt(0).toUpperCase() + label.slice(1)), el("dd", {}, formatValue(value)));
}

/** Formats an argument completely, because the user approves exactly this. */
function formatValue(value) {
  if (value === null || value === "" || value?.length === 0) return "–";
  if (typeof value !== "object") return String(value);
  const isPlainList = Array.isArray(value) && value.every((item) => typeof item !== "object");
  return isPlainList ? value.join("\n") : JSON.stringify(value, null, 2);
}
