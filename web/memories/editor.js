import { announce, el, setBusy } from "../dom.js";
import { Problem } from "../problem.js";

/**
 * Creates the form that corrects a fact. `save(changes)` sends what was changed, `cancel()` closes the form. Returns
 * {node, focus()}.
 */
export function memoryEditor(memory, { save, cancel }) {
  const isStanding = memory.kind === "preferences";
  const value = el("input", { value: memory.text, maxlength: 400, dir: "auto" });
  const standing = el("input", { type: "checkbox", checked: isStanding });
  const error = el("p", { class: "error", role: "alert" });
  const saveButton = el("button", { type: "submit", class: "primary" }, "Save");
  const node = el("form", { class: "memory-editor", novalidate: true, "aria-label": `Correct: ${memory.title}`,
    on: { submit, keydown } },
    el("label", {}, el("span", {}, "What is right"), value),
    el("label", { class: "memory-standing" }, standing, el("span", {}, "Holds for every answer")),
    error,
    el("div", { class: "actions" }, saveButton,
      el("button", { type: "button", class: "secondary", on: { click: cancel } }, "Cancel")));
  return { node, focus: () => value.focus() };

  /** Escape closes the form, and not the dialog around it. */
  function keydown(event) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    cancel();
  }

  async function submit(event) {
    event.preventDefault();
    if (saveButton.hasAttribute("aria-disabled")) return;
    const text = value.value.trim();
    if (!text) return showError("Write what is right. To remove it, delete it.");
    const changes = {};
    if (text !== memory.text) changes.value = text;
    if (standing.checked !== isStanding) changes.standing = standing.checked;
    if (!Object.keys(changes).length) return cancel();
    error.textContent = "";
    setBusy(saveButton, true);
    try {
      await save(changes);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      setBusy(saveButton, false);
      showError(problem.message);
    }
  }

  function showError(message) {
    error.textContent = message;
    announce(message);
    value.focus();
  }
}
