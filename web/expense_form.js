// The "Add expense" sheet. What was filled in stays until the expense is saved.

import { CATEGORIES, categoryName } from "./categories.js";
import { today } from "./dates.js";
import { announce, el, setBusy } from "./dom.js";
import { readAmount } from "./money.js";
import { Problem } from "./problem.js";

const FIELDS = ["amount", "category", "description", "date"];

/** `onAdded` gets the answer of the API: {data, ms, now}. */
export function createExpenseForm(api, onAdded) {
  const dialog = document.getElementById("expense-dialog");
  const form = document.getElementById("expense-form");
  const save = document.getElementById("save-expense");
  const trouble = document.getElementById("form-error");
  const field = (name) => form.elements[name];
  let proposed = "";
  let busy = false;

  field("category").append(...CATEGORIES.map((category) => el("option", { value: category }, categoryName(category))));
  document.getElementById("close-expense").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });

  function open() {
    if (!field("date").value || field("date").value === proposed) field("date").value = proposed = today();
    field("date").max = today();
    dialog.showModal();
  }

  function complain(name, message) {
    field(name).setAttribute("aria-invalid", String(Boolean(message)));
    document.getElementById(`${name}-error`).textContent = message ?? "";
  }

  function read() {
    const body = { amount: readAmount(field("amount").value), category: field("category").value };
    const description = field("description").value.trim();
    if (description) body.description = description;
    // Left as proposed, the day is the API's to decide: it knows the traveller's own calendar.
    if (field("date").value !== proposed) body.date = field("date").value;
    return body;
  }

  function check(body) {
    const faults = {
      amount: body.amount === null && "Write the amount in figures, like 45 or 45.50.",
      category: !body.category && "Choose a category.",
      date: body.date === "" && "Choose a date.",
    };
    for (const name of FIELDS) complain(name, faults[name] || null);
    return FIELDS.find((name) => faults[name]);
  }

  async function submit() {
    if (busy) return;
    trouble.textContent = "";
    const body = read();
    const wrong = check(body);
    if (wrong) return field(wrong).focus();
    busy = true;
    setBusy(save, true);
    try {
      const answer = await api.post("/v1/expenses", body);
      form.reset();
      proposed = "";
      save.textContent = "Add expense";
      dialog.close();
      onAdded(answer);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      explain(problem);
    } finally {
      busy = false;
      setBusy(save, false);
    }
  }

  function explain(problem) {
    if (FIELDS.includes(problem.field)) {
      complain(problem.field, problem.message);
      announce(problem.message);
      field(problem.field).focus();
      return;
    }
    const kept = problem.retry ? " What you filled in is kept; trying again never adds it twice." : "";
    trouble.textContent = problem.message + kept;
    save.textContent = problem.retry ? "Try again" : "Add expense";
  }

  return { open };
}
