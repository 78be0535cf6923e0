// The "Add expense" dialog. Its values stay until the expense is saved.

import { CATEGORIES, categoryName } from "./categories.js";
import { today } from "./dates.js";
import { announce, byId, el, setBusy } from "./dom.js";
import { Problem } from "./problem.js";

const FIELDS = ["amount", "category", "description", "date"];

/**
 * Connects the form to the API; calls onAdded({data, ms, now}) with the response. Without a connection, that is if
 * `isConnected()` returns false as well, `queue(body)` is called instead. Returns {open(), change(body)}.
 */
export function createExpenseForm(api, { onAdded, isConnected, queue }) {
  const dialog = byId("expense-dialog", HTMLDialogElement);
  const form = byId("expense-form", HTMLFormElement);
  const save = byId("save-expense");
  const amountChoices = byId("amount-choices");
  const formError = byId("form-error");
  /** @returns {any} */
  const field = (name) => form.elements.namedItem(name);
  let defaultDate = "";
  let busy = false;

  field("category").append(...CATEGORIES.map((category) => el("option", { value: category }, categoryName(category))));
  byId("close-expense").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });

  function open() {
    if (!field("date").value || field("date").value === defaultDate) field("date").value = defaultDate = today();
    field("date").max = today();
    dialog.showModal();
  }

  function setFieldError(name, message) {
    field(name).setAttribute("aria-invalid", String(Boolean(message)));
    byId(`${name}-error`).textContent = message ?? "";
  }

  function readBody() {
    const body = { amount: field("amount").value.trim(), category: field("category").value };
    const description = field("description").value.trim();
    if (description) body.description = description;
    // An unchanged default is left out: the API knows today's date in the user's time zone.
    if (field("date").value !== defaultDate) body.date = field("date").value;
    return body;
  }

  /** Shows the errors of the fields; returns the name of the first invalid field. */
  function validate(body) {
    const errors = {
      amount: !body.amount && "Write the amount in figures, like 45 or €45.50.",
      category: !body.category && "Choose a category.",
      date: body.date === "" && "Choose a date.",
    };
    for (const name of FIELDS) setFieldError(name, errors[name] || null);
    amountChoices.replaceChildren();
    return FIELDS.find((name) => errors[name]);
  }

  async function submit() {
    if (busy) return;
    formError.textContent = "";
    const body = readBody();
    const invalid = validate(body);
    if (invalid) return field(invalid).focus();
    if (!navigator.onLine) {
      close();
      return queue(body);
    }
    busy = true;
    setBusy(save, true);
    try {
      const response = await api.post("/v1/expenses", body);
      close();
      onAdded(response);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status || !problem.retry || isConnected()) return showProblem(problem);
      close();
      queue(body);
    } finally {
      busy = false;
      setBusy(save, false);
    }
  }

  function close() {
    form.reset();
    amountChoices.replaceChildren();
    defaultDate = "";
    save.textContent = "Add expense";
    dialog.close();
  }

  /** Opens the form with an expense that was refused. */
  function change(body) {
    for (const name of FIELDS) field(name).value = body[name] ?? "";
    open();
  }

  function showProblem(problem) {
    if (FIELDS.includes(problem.field)) {
      setFieldError(problem.field, problem.message);
      if (problem.field === "amount") amountChoices.replaceChildren(...problem.choices.map(choiceButton));
      announce(problem.message);
      field(problem.field).focus();
      return;
    }
    const hint = problem.retry ? " What you filled in is kept; trying again never adds it twice." : "";
    formError.textContent = problem.message + hint;
    save.textContent = problem.retry ? "Try again" : "Add expense";
  }

  /** Creates the button that replaces an ambiguous amount by one of its readings. */
  function choiceButton({ text, value }) {
    const choose = () => {
      field("amount").value = value;
      setFieldError("amount", null);
      amountChoices.replaceChildren();
      field("amount").focus();
    };
    return el("button", { type: "button", class: "secondary", on: { click: choose } }, text);
  }

  return { open, change };
}
