// Reads a sentence as the server will: the router, loaded once. The server decides; this only prepares the page.
// Without the router the page works just as well, only without hints and skeletons.

export class Understanding extends EventTarget {
  #route = null;

  constructor() {
    super();
    load().then((route) => {
      this.#route = route;
      this.dispatchEvent(new Event("ready"));
    }, () => { /* no router, no hints */ });
  }

  /** {tier, intent, slots}, or null while it can't be told. */
  read(text) {
    try {
      return this.#route && text.length > 2 ? this.#route(text) : null;
    } catch {
      this.#route = null;
      return null;
    }
  }
}

async function load() {
  const [{ createRouter }, automaton] = await Promise.all([
    import("./router.js"),
    fetch("/router.json").then((answer) => answer.json()),
  ]);
  return createRouter(automaton);
}
