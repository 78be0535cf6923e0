// Deleting a topic, or everything: first what it would be, then exactly that.

import { alertBox } from "../cards/alert_box.js";
import { announce, el, setBusy } from "../dom.js";
import { Problem } from "../problem.js";

const CONFIRMATION = "delete everything";

/** Creates the controls. `onDeleted(answer)` is called after a deletion. Returns {node, reset(), suggest(topic)}. */
export function createDeletion(api, onDeleted) {
  const topic = el("input", { id: "memory-topic", maxlength: 200, dir: "auto", placeholder: "water pump" });
  const preview = el("button", { type: "submit", class: "secondary" }, "Show what it would delete");
  const everything = el("button", { type: "button", class: "secondary", on: { click: () => select(everything, { everything: true }) } },
    "Delete everything");
  const form = el("form", { class: "memory-topic", novalidate: true, autocomplete: "off", on: { submit } },
    el("label", { for: "memory-topic" }, "All about a topic"), topic, preview);
  const outcome = el("div", { class: "memory-outcome", tabindex: "-1" });
  const errorBox = el("div", { role: "alert" });
  const node = el("div", { class: "memory-deletion" }, form, everything, errorBox, outcome);

  return {
    node,
    reset() {
      topic.value = "";
      clear();
    },
    suggest(words) {
      if (words) topic.value = words;
    },
  };

  function clear() {
    outcome.replaceChildren();
    errorBox.replaceChildren();
  }

  function submit(event) {
    event.preventDefault();
    select(preview, { topic: topic.value.trim() });
  }

  /** Asks what would be deleted, and shows it. */
  async function select(button, body) {
    if (button.hasAttribute("aria-disabled")) return;
    clear();
    setBusy(button, true);
    try {
      showSelection((await api.postWithoutKey("/v1/memories/selections", body)).data);
    } catch (problem) {
      showProblem(problem);
    } finally {
      setBusy(button, false);
    }
  }

  function showSelection(selection) {
    if (!selection.everything && !selection.facts && !selection.episodes && !selection.messages) {
      outcome.replaceChildren(el("p", {}, "PAM remembers nothing with these words."));
      return outcome.focus();
    }
    const typed = selection.everything && el("input", { dir: "auto", autocomplete: "off" });
    const confirm = el("button", { type: "submit", class: "primary danger" }, "Delete for good");
    const cancel = el("button", { type: "button", class: "secondary", on: { click: clear } }, "Keep it");
    outcome.replaceChildren(el("form", { class: "memory-selection", novalidate: true, on: { submit: deleteSelected } },
      el("p", { class: "memory-warning" }, selection.text),
      selection.samples.length > 0 && el("ul", { class: "memory-examples", "aria-label": "Examples" },
        ...selection.samples.map((sample) => el("li", { dir: "auto" }, sample))),
      typed && el("label", {}, el("span", {}, `Type “${CONFIRMATION}” to confirm`), typed),
      el("div", { class: "actions" }, confirm, cancel)));
    outcome.focus();
    announce(selection.text);

    async function deleteSelected(event) {
      event.preventDefault();
      if (confirm.hasAttribute("aria-disabled")) return;
      errorBox.replaceChildren();
      if (typed && typed.value.trim().toLowerCase() !== CONFIRMATION) {
        errorBox.replaceChildren(alertBox(`Nothing is deleted yet. Type “${CONFIRMATION}” first.`));
        return typed.focus();
      }
      setBusy(confirm, true);
      try {
        const { data } = await api.deleteOnce(`/v1/memories/selections/${selection.id}`);
        outcome.replaceChildren(el("p", { class: "outcome" }, data.text));
        outcome.focus();
        announce(data.text);
        onDeleted(data);
      } catch (problem) {
        setBusy(confirm, false);
        showProblem(problem);
      }
    }
  }

  function showProblem(problem) {
    if (!(problem instanceof Problem)) throw problem;
    errorBox.replaceChildren(alertBox(problem.message, { severe: true }));
    if (problem.field === "topic") topic.focus();
  }
}
