// Where the question is typed. What was typed stays until it has an answer, also over a reload.

import { setBusy } from "./dom.js";
import { forget, load, save } from "./store.js";

const SLOT = "pam.draft";

export function createComposer(form, chat, hint) {
  const field = form.elements.question;
  const send = form.querySelector("[type=submit]");

  const write = (text) => {
    field.value = text;
    changed();
  };
  const changed = () => {
    save(SLOT, field.value);
    hint.show(field.value);
  };
  const ask = (text) => {
    if (chat.busy || !text) return;
    setBusy(send, true);
    if (field.value.trim() === text) write("");
    save(SLOT, text);
    chat.ask(text);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(field.value.trim());
  });
  field.addEventListener("input", changed);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (!event.repeat) form.requestSubmit();
    } else if (event.key === "Escape") {
      write("");
    }
  });

  chat.addEventListener("idle", () => setBusy(send, false));
  chat.addEventListener("answered", ({ detail }) => {
    if (field.value.trim() === detail.text) write("");
    if (!field.value) forget(SLOT);
  });
  chat.addEventListener("failed", ({ detail }) => {
    if (!field.value) write(detail.text);
  });

  // It covers the end of the page, and grows with what is typed.
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--foot", `${form.offsetHeight}px`);
  }).observe(form);
  write(load(SLOT) ?? "");
  return {
    ask,
    fill(text) {
      write(text);
      field.focus();
    },
  };
}
