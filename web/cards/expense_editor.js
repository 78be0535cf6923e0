import { CATEGORIES, categoryName } from "../categories.js";
import { today } from "../dates.js";
import { announce, el, setBusy } from "../dom.js";
import { Problem } from "../problem.js";

/**
 * Creates the form that edits an expense in its row. `save(changes)` sends the fields that were changed, `cancel()`
 * closes the form. Returns {node, focus()}.
 */
export function expenseEditor(expense, { save, cancel }) {
  const amount = input("text", expense.amount.replace("-", ""), { inputmode: "decimal", autocomplete: "off" });
  const category = el("select", {}, ...CATEGORIES.map((name) =>
    el("option", { value: name, selected: name === expense.category }, categoryName(name))));
  const description = input("text", expense.description, { maxlength: 500 });
  const date = input("date", expense.date, { max: today() });
  const error = el("p", { class: "error", role: "alert" });
  const choices = el("div", { class: "actions" });
  const saveButton = el("button", { type: "submit", class: "primary" }, "Save");
  const node = el("form", { class: "expense-editor", novalidate: true, "aria-label": "Edit this expense",
    on: { submit, keydown: (event) => event.key === "Escape" && cancel() } },
    field("Amount", amount), field("Category", category), field("Details", description), field("Date", date),
    choices, error,
    el("div", { class: "actions" }, saveButton,
      el("button", { type: "button", class: "secondary", on: { click: cancel } }, "Cancel")));
  return { node, focus: () => amount.focus() };

  function input(type, value, attributes) {
    return el("input", { type, value, ...attributes });
  }

  function field(label, control) {
    return el("label", {}, el("span", {}, label), control);
  }

  /** Returns the changed fields only, so that what another tab changed meanwhile stays. */
  function readChanges() {
    const entered = {
      amount: amount.value.trim(), category: category.value, description: description.value.trim(), date: date.value,
    };
    const before = { ...expense, amount: expense.amount.replace("-", "") };
    return Object.fromEntries(Object.entries(entered).filter(([name, value]) => value !== before[name]));
  }

  async function submit(event) {
    event.preventDefault();
    if (saveButton.hasAttribute("aria-disabled")) return;
    const changes = readChanges();
    if (!Object.keys(changes).length) return cancel();
    const missing = (changes.amount === "" && amount) || (changes.date === "" && date);
    if (missing) return showError(missing === amount ? "Write the amount in figures." : "Choose a date.", missing);
    error.textContent = "";
    choices.replaceChildren();
    setBusy(saveButton, true);
    try {
      await save(changes);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      setBusy(saveButton, false);
      showError(problem.message, { amount, category, description, date }[problem.field]);
      if (problem.field === "amount") choices.replaceChildren(...problem.choices.map(choiceButton));
    }
  }

  function showError(message, control) {
    error.textContent = message;
    announce(message);
    control?.focus();
  }

  /** Creates the button that replaces an ambiguous amount by one of its readings. */
  function choiceButton({ text, value }) {
    return el("button", { type: "button", class: "secondary", on: { click() {
      amount.value = value;
      choices.replaceChildren();
      error.textContent = "";
      amount.focus();
    } } }, text);
  }
}
