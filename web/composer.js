// The field for questions. What was typed is stored until it has an answer, also across a reload.

import { setBusy } from "./dom.js";
import { tabStorage } from "./storage.js";

const STORAGE_KEY = "pam.draft";

/** Connects the form to the chat and the preview. Returns {ask(text), fill(text)}. */
export function createComposer(form, chat, preview) {
  const field = form.elements.question;
  const send = form.querySelector("[type=submit]");

  const setText = (text) => {
    field.value = text;
    onChange();
  };
  const onChange = () => {
    tabStorage.set(STORAGE_KEY, field.value);
    preview.update(field.value);
  };
  const ask = (text) => {
    if (chat.busy || !text) return;
    setBusy(send, true);
    if (field.value.trim() === text) setText("");
    tabStorage.set(STORAGE_KEY, text);
    chat.ask(text);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(field.value.trim());
  });
  field.addEventListener("input", onChange);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (!event.repeat) form.requestSubmit();
    } else if (event.key === "Escape") {
      setText("");
    }
  });

  chat.addEventListener("idle", () => setBusy(send, false));
  chat.addEventListener("answered", ({ detail }) => {
    if (field.value.trim() === detail.text) setText("");
    if (!field.value) tabStorage.remove(STORAGE_KEY);
  });
  chat.addEventListener("failed", ({ detail }) => {
    if (!field.value) setText(detail.text);
  });

  // The composer covers the end of the page, and its height grows with the text.
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--foot", `${form.offsetHeight}px`);
  }).observe(form);
  setText(tabStorage.get(STORAGE_KEY) ?? "");
  return {
    ask,
    fill(text) {
      setText(text);
      field.focus();
    },
  };
}
