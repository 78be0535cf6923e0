import { el } from "../dom.js";
import { emphasizeFirstSentence } from "./card.js";
import { undoControl } from "./undo_control.js";

/** Creates the card of writes from before the page was loaded, each with its undo; `undo(href)` sends a DELETE. */
export function storedUndoCard(entries, undo) {
  const title = entries.length === 1 ? "This can still be undone" : "These can still be undone";
  return el("article", { class: "card", "aria-label": title },
    el("p", {}, el("strong", {}, title)),
    ...entries.map(({ href, text, expiresAt }) => undoControl({
      href, expiresAt, label: emphasizeFirstSentence(text)[0], undo: () => undo(href),
    })));
}
