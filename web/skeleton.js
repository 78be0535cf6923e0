// The placeholder of an answer that hasn't arrived. The shape is hidden from screen readers; they get the text.

import { el } from "./dom.js";
import { pendingText, skeletonShape } from "./intents.js";

const BLOCK_COUNTS = { bars: 5, gauges: 4, rows: 5, strip: 12, figures: 3, line: 1 };

/** Creates the placeholder for a predicted route; without one (null) it has a text only. */
export function createSkeleton(route) {
  const shape = skeletonShape(route);
  return el("div", { class: "loading" },
    el("p", { class: "pending" }, pendingText(route)),
    shape && el("div", { class: "skeleton", "data-shape": shape, "aria-hidden": "true" },
      ...Array.from({ length: BLOCK_COUNTS[shape] }, () => el("span"))));
}
