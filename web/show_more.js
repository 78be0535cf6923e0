import { el } from "./dom.js";

/** Hides `items` and returns the button that shows them; null for fewer than two. */
export function showMoreButton(items) {
  if (items.length < 2) return null;
  const setShown = (shown) => items.forEach((node) => { node.hidden = !shown; });
  const button = el("button", { type: "button", class: "secondary", "aria-expanded": "false", on: { click() {
    const expand = button.getAttribute("aria-expanded") !== "true";
    setShown(expand);
    button.setAttribute("aria-expanded", String(expand));
    button.textContent = expand ? "Show fewer" : `Show ${items.length} more`;
  } } }, `Show ${items.length} more`);
  setShown(false);
  return button;
}
