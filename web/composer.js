// The field for questions. What was typed is stored until it has an answer, also across a reload.

import { announce, byId, setBusy } from "./dom.js";
import { tabStorage } from "./storage.js";

const STORAGE_KEY = "pam.draft";
const MAX_CHARS = 4000;            // of a question, as the API counts them
const SHOW_LENGTH_FROM = 3600;
const IME_KEY_CODE = 229;          // of a key that an input method handles: Safari ends the composition before keydown

const count = (number) => new Intl.NumberFormat().format(number);

/** Connects the form to the chat and the preview. Returns {ask(text), fill(text), setUser(user)}. */
export function createComposer(form, chat, preview) {
  const field = form.elements.question;
  const send = form.querySelector("[type=submit]");
  const lengthNote = byId("question-length");
  const restore = byId("restore-draft");
  let draft = tabStorage.get(STORAGE_KEY) ?? {};   // {user, text, cleared}, `cleared` the text that Escape has removed
  let user = null;

  const storeDraft = (text) => {
    draft = { user, text, cleared: draft.cleared };
    tabStorage.set(STORAGE_KEY, draft);
  };
  const setText = (text) => {
    field.value = text;
    onChange();
  };
  const onChange = () => {
    storeDraft(field.value);
    preview.update(field.value);
    showLength();
  };
  const ask = (text) => {
    if (chat.busy || !text) return;
    if (charCount(text) > MAX_CHARS) return refuseLength();
    setBusy(send, true);
    if (field.value.trim() === text) setText("");
    storeDraft(text);
    chat.ask(text);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(field.value.trim());
  });
  field.addEventListener("input", onChange);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === IME_KEY_CODE) return;
    if (event.key === "Escape") return clear();
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    if (!event.repeat) form.requestSubmit();
  });
  restore.addEventListener("click", () => {
    const text = [draft.cleared, field.value].filter(Boolean).join("\n");
    setCleared("");
    setText(text);
    field.focus();
  });

  chat.addEventListener("idle", () => setBusy(send, false));
  chat.addEventListener("answered", ({ detail }) => {
    if (field.value.trim() === detail.text) setText("");
    if (!field.value && !draft.cleared) tabStorage.remove(STORAGE_KEY);
  });
  chat.addEventListener("failed", ({ detail }) => {
    if (!field.value) setText(detail.text);
  });

  // The composer covers the end of the page, and its height grows with the text.
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--foot", `${form.offsetHeight}px`);
  }).observe(form);
  return {
    ask,
    fill(text) {
      setText(text);
      field.focus();
    },
    /** Shows the draft of this user, or of somebody who wasn't signed in; another user's is removed. */
    setUser(next) {
      if (draft.user && next && draft.user !== next) draft = {};
      user = next ?? draft.user;
      setCleared(draft.cleared);
      setText(draft.text ?? "");
    },
  };

  /** Empties the field; what was in it can be restored. */
  function clear() {
    if (!field.value) return;
    if (field.value.trim()) {
      setCleared(field.value);
      announce("Draft cleared. The button “Restore draft” brings it back.");
    }
    setText("");
  }

  function setCleared(text = "") {
    draft.cleared = text;
    restore.hidden = !text;
  }

  /** Shows the length of a text that is nearly too long, or is. Nothing is cut off: only the user can shorten it. */
  function showLength() {
    const chars = charCount(field.value.trim());
    const isTooLong = chars > MAX_CHARS;
    lengthNote.hidden = chars < SHOW_LENGTH_FROM;
    lengthNote.classList.toggle("error", isTooLong);
    lengthNote.textContent = lengthNote.hidden ? "" : `${count(chars)} of ${count(MAX_CHARS)} characters`
      + (isTooLong ? `. Please shorten it by ${count(chars - MAX_CHARS)}.` : "");
    field.setAttribute("aria-invalid", String(isTooLong));
  }

  function refuseLength() {
    announce(`This is too long to send: ${lengthNote.textContent}`);
    field.focus();
  }
}

/** Returns the number of characters as the API counts them: code points, not UTF-16 units. */
const charCount = (text) => (text.length < SHOW_LENGTH_FROM ? text.length : [...text].length);
