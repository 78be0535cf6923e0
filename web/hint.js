// Says, while somebody types, who will answer. The server decides; this is the same rule read ahead.
// Without the router the page works just as well, only without the hint.

import { icon } from "./dom.js";

const DELAY_MS = 250;

export function createHint(node) {
  let route = null;
  let timer = 0;
  let latest = "";

  load().then((loaded) => {
    route = loaded;
    draw();
  }, () => { /* no router, no hint */ });

  function draw() {
    const text = latest.trim();
    let tier = null;
    try {
      tier = route && text.length > 2 ? route(text).tier : null;
    } catch {
      route = null;
    }
    if (node.dataset.tier === String(tier)) return;
    node.dataset.tier = String(tier);
    if (tier === null) node.replaceChildren();
    else if (tier === 3) node.replaceChildren(icon("chat"), "This goes to Claude");
    else node.replaceChildren(icon("bolt"), "PAM answers this at once");
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

async function load() {
  const [{ createRouter }, automaton] = await Promise.all([
    import("./router.js"),
    fetch("/router.json").then((answer) => answer.json()),
  ]);
  const router = createRouter(automaton);
  return typeof router === "function" ? router : (text) => router.route(text);
}
