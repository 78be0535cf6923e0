import { el } from "./dom.js";

/** Hides the lines behind a button that shows them; null where that isn't worth a button. */
export function showMore(lines) {
  if (lines.length < 2) return null;
  const show = (shown) => lines.forEach((node) => { node.hidden = !shown; });
  const button = el("button", { type: "button", class: "quiet", "aria-expanded": "false", on: { click() {
    const open = button.getAttribute("aria-expanded") !== "true";
    show(open);
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "Show fewer" : `Show ${lines.length} more`;
  } } }, `Show ${lines.length} more`);
  show(false);
  return button;
}
