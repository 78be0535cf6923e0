// One thing that PAM remembers: its text, since when, earlier values, sources, and what can be done with it.

import { alertBox } from "../cards/alert_box.js";
import { formatDate } from "../dates.js";
import { announce, el, setBusy } from "../dom.js";
import { Problem } from "../problem.js";
import { undoControl } from "../cards/undo_control.js";
import { memoryEditor } from "./editor.js";

const IS_FACT = new Set(["facts", "preferences"]);
const WARNINGS = {
  facts: "This deletes the fact with its earlier values, and the messages that they come from.",
  preferences: "This deletes the preference with its earlier values, and the messages that they come from.",
  episodes: "This deletes the summary, the messages that it is of, and what PAM knows from them alone.",
  messages: "This deletes the message with its answer, and what PAM knows from it alone.",
};

const day = (instant) => formatDate(instant.slice(0, 10));

/** Creates the list item of a memory (an item of GET /v1/memories). `onDeleted(answer)` is called after its deletion. */
export function memoryItem(memory, api, { onDeleted }) {
  const name = memory.title || memory.text.slice(0, 60);
  const body = el("div", { class: "memory-body" });
  const errorBox = el("div", { role: "alert" });
  const edit = IS_FACT.has(memory.kind)
    && el("button", { type: "button", class: "secondary small", "aria-label": `Correct: ${name}`, on: { click: startEdit } },
      "Correct");
  const remove = el("button", { type: "button", class: "secondary small", "aria-label": `Delete: ${name}`, on: { click: askToDelete } },
    "Delete");
  const actions = el("div", { class: "actions" }, edit, remove);
  const node = el("li", { class: "memory card", tabindex: "-1" }, body, actions, errorBox);
  renderBody();
  return node;

  function renderBody() {
    body.replaceChildren(...[
      memory.title && el("h4", { dir: "auto" }, memory.title),
      el("p", { class: "memory-text", dir: "auto" }, memory.text),
      el("p", { class: "muted" }, describe(memory)),
      memory.earlier.length > 0 && earlierValues(memory.earlier),
      memory.sources.length > 0 && memory.kind !== "messages" && sourceDetails(memory),
      memory.kind === "messages" && answerDetails(memory),
    ].filter(Boolean));
  }

  function startEdit() {
    const editor = memoryEditor(memory, { save, cancel: () => close(edit) });
    actions.replaceChildren(editor.node);
    editor.focus();
  }

  function close(focused) {
    actions.replaceChildren(...[edit, remove].filter(Boolean));
    errorBox.replaceChildren();
    focused?.focus();
  }

  async function save(changes) {
    const { data } = await api.patch(`/v1/memories/facts/${memory.id}`, changes);
    Object.assign(memory, { text: data.value, stated: true, kind: data.standing ? "preferences" : "facts" });
    renderBody();
    close(edit);
    announce(data.text);
    if (!data.undo) return;
    node.querySelector(".undo")?.remove();
    node.append(undoControl({
      href: data.undo.href,
      expiresAt: Date.now() + (Date.parse(data.undo.expires_at) - api.now),
      undo: async () => (await api.delete(data.undo.href)).data,
      onUndone: () => onDeleted({ messages: 0 }),
    }));
  }

  function askToDelete() {
    const confirm = el("button", { type: "button", class: "primary danger", on: { click: () => deleteNow(confirm) } },
      "Delete for good");
    const cancel = el("button", { type: "button", class: "secondary", on: { click: () => close(remove) } }, "Keep");
    actions.replaceChildren(el("p", { class: "memory-warning" }, `${WARNINGS[memory.kind]} It can't be undone.`), confirm, cancel);
    announce(WARNINGS[memory.kind]);
    cancel.focus();
  }

  async function deleteNow(button) {
    if (button.hasAttribute("aria-disabled")) return;
    setBusy(button, true);
    errorBox.replaceChildren();
    const path = memory.kind === "preferences" ? "facts" : memory.kind;
    try {
      const { data } = await api.deleteOnce(`/v1/memories/${path}/${memory.id}`);
      node.closest("section").querySelector("h3").focus({ preventScroll: true });
      announce(data.text);
      onDeleted(data);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      setBusy(button, false);
      errorBox.replaceChildren(alertBox(problem.message, { severe: true }));
    }
  }
}

function describe({ kind, since, until, stated, in_prompt: isInPrompt }) {
  if (kind === "messages") return day(since);
  if (kind === "episodes") return day(since) === day(until) ? day(since) : `${day(since)} – ${day(until)}`;
  const origin = stated ? "you told PAM" : "from a conversation";
  const room = kind === "preferences" && !isInPrompt ? "; no room for it in every question" : "";
  return `Since ${day(since)}, ${origin}${room}`;
}

function earlierValues(earlier) {
  return el("details", { class: "usage" }, el("summary", {}, "Before"),
    el("ul", {}, ...earlier.map(({ value, since, until }) =>
      el("li", { dir: "auto" }, value, el("span", { class: "muted" }, ` ${day(since)} – ${day(until)}`)))));
}

function sourceDetails({ sources, more_sources: more }) {
  return el("details", { class: "usage sources" }, el("summary", {}, "Where it comes from"),
    el("ol", {}, ...sources.map(sourceItem)),
    more > 0 && el("p", { class: "muted" }, `And ${more} more.`));
}

function sourceItem({ sent_at: sentAt, messages }) {
  return el("li", {}, el("p", { class: "muted" }, `Conversation of ${day(sentAt)}`),
    ...messages.map(({ role, text }) => el("p", { dir: "auto" },
      el("strong", {}, role === "user" ? "You: " : "PAM: "), text)));
}

function answerDetails({ sources: [source] }) {
  const answer = source?.messages.find(({ role }) => role === "assistant");
  return answer && el("details", { class: "usage" }, el("summary", {}, "The answer"), el("p", { dir: "auto" }, answer.text));
}
