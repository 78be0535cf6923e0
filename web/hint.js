// Says, while somebody types, who will answer and what PAM has understood.

import { el, icon } from "./dom.js";
import { hintOf, needsLocation } from "./intents.js";

const DELAY_MS = 250;

export function createHint(node, understanding, whereabouts) {
  let timer = 0;
  let latest = "";

  understanding.addEventListener("ready", draw);
  whereabouts.addEventListener("change", draw);

  function draw() {
    const route = understanding.read(latest.trim());
    const [name, words] = told(route);
    if (node.textContent === words) return;
    node.dataset.tier = String(route?.tier ?? null);
    node.replaceChildren(...(words ? [icon(name), el("span", {}, words)] : []));
  }

  function told(route) {
    if (!route) return [null, ""];
    if (route.tier === 3) return ["chat", "This goes to Claude"];
    if (needsLocation(route) && !whereabouts.position) return ["pin", "Use your location, or name a place"];
    return ["bolt", hintOf(route)];
  }

  return {
    show(text) {
      latest = text;
      clearTimeout(timer);
      if (text.trim()) timer = setTimeout(draw, DELAY_MS);
      else draw();
    },
  };
}
