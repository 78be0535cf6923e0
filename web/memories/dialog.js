// The dialog "What PAM remembers": preferences, facts, summaries and messages, searched, corrected and deleted.

import { byId, setBusy } from "../dom.js";
import { createDeletion } from "./deletion.js";
import { createSection } from "./section.js";

const KINDS = ["preferences", "facts", "episodes", "messages"];

/** Connects the button that opens the dialog. `onMessagesDeleted()` is called when messages were deleted. */
export function createMemories(api, openButton, onMessagesDeleted) {
  const dialog = byId("memories-dialog", HTMLDialogElement);
  const words = byId("memory-words", HTMLInputElement);
  const searchButton = byId("memory-search-button");
  const searchError = byId("memory-search-error");
  const actions = { onDeleted };
  const sections = KINDS.map((kind) => createSection(kind, api, actions));
  const deletion = createDeletion(api, onDeleted);

  byId("memory-sections").append(...sections.map((section) => section.node));
  byId("memory-delete").append(deletion.node);
  byId("close-memories").addEventListener("click", () => dialog.close());
  byId("memory-search").addEventListener("submit", (event) => {
    event.preventDefault();
    load();
  });
  words.addEventListener("search", () => words.value || load());   // the input's own button, which empties it
  openButton.addEventListener("click", () => {
    words.value = "";
    deletion.reset();
    dialog.showModal();
    load();
  });

  async function load() {
    if (searchButton.hasAttribute("aria-disabled")) return;
    const search = words.value.trim();
    setBusy(searchButton, true);
    searchError.textContent = "";
    words.setAttribute("aria-invalid", "false");
    deletion.suggest(search);
    const problems = await Promise.all(sections.map((section) => section.load(search)));
    setBusy(searchButton, false);
    const refused = problems.find((problem) => problem?.field === "search");
    if (!refused) return;
    searchError.textContent = refused.message;
    words.setAttribute("aria-invalid", "true");
    words.focus();
  }

  /** Shows what is left after a deletion. */
  function onDeleted({ messages }) {
    if (messages) onMessagesDeleted();
    load();
  }
}
