// The form of an answer before it is there. For the eye only: the words beside it say what is being done.

import { el } from "./dom.js";
import { formOf, waitOf } from "./intents.js";

const BLOCKS = { bars: 5, gauges: 4, rows: 5, strip: 12, figures: 3, line: 1 };

/** What stands in for an answer while it is on its way. `route` is what the router made of the question, or null. */
export function waiting(route) {
  const form = formOf(route);
  return el("div", { class: "waiting" },
    el("p", { class: "pending" }, waitOf(route)),
    form && el("div", { class: "skeleton", "data-form": form, "aria-hidden": "true" },
      ...Array.from({ length: BLOCKS[form] }, () => el("span"))));
}
