// Predicts the server's routing of a question, to preview its intent and to choose a skeleton. The server decides.
// If the router can't be loaded, the page works without previews and skeletons.

/** Predicts routes with router.js. Fires "ready" when the router is loaded. */
export class IntentPredictor extends EventTarget {
  /** @type {((text: string) => {tier: number, intent: string, slots: object}) | null} */
  #route = null;

  constructor() {
    super();
    loadRouter().then((route) => {
      this.#route = route;
      this.dispatchEvent(new Event("ready"));
    }, () => { /* predict() keeps returning null */ });
  }

  /** Returns {tier, intent, slots}; null for a very short text or without a router. */
  predict(text) {
    try {
      return this.#route && text.length > 2 ? this.#route(text) : null;
    } catch {
      this.#route = null;
      return null;
    }
  }
}

async function loadRouter() {
  const [{ createRouter }, automaton] = await Promise.all([
    import("./router.js"),
    fetch("/router.json").then((response) => response.json()),
  ]);
  return createRouter(automaton);
}
