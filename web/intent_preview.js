// The line below the composer that shows, while the user types, who will answer and what was understood.

import { el, icon } from "./dom.js";
import { CHAT_TIER, previewText, requiresLocation } from "./intents.js";

const DEBOUNCE_MS = 250;

/** Renders previews into `node`. Returns {update(text)}, to be called whenever the text changes. */
export function createIntentPreview(node, predictor, location) {
  let timer = 0;
  let text = "";

  predictor.addEventListener("ready", render);
  location.addEventListener("change", render);

  function render() {
    const route = predictor.predict(text.trim());
    const [iconName, preview] = describe(route);
    if (node.textContent === preview) return;
    node.dataset.tier = String(route?.tier ?? null);
    node.replaceChildren(...(preview ? [icon(iconName), el("span", {}, preview)] : []));
  }

  function describe(route) {
    if (!route) return [null, ""];
    if (route.tier === CHAT_TIER) return ["chat", "This goes to Claude"];
    if (requiresLocation(route) && !location.position) return ["pin", "Use your location, or name a place"];
    return ["bolt", previewText(route)];
  }

  return {
    update(newText) {
      text = newText;
      clearTimeout(timer);
      if (text.trim()) timer = setTimeout(render, DEBOUNCE_MS);
      else render();
    },
  };
}
