// The form of the own profile, which sends only what was changed.

import { announce, el, setBusy } from "../dom.js";
import { Problem } from "../problem.js";

const FIELDS = {
  name: { label: "Name", note: "Everybody in PAM can find you by it.", maxlength: 100 },
  bio: { label: "About you", maxlength: 500 },
  rig_type: { label: "Rig", maxlength: 100 },
  rig_year: { label: "Year of the rig", maxlength: 4, inputmode: "numeric" },
  home_base: { label: "Home base", maxlength: 200 },
};
const AUDIENCES = {
  everybody: "Everybody", followers: "Followers and friends", friends: "Friends", nobody: "Nobody",
};

/** Creates the form. Returns {node, load()}. */
export function createProfileForm(api) {
  let saved = {};
  const inputs = {};
  const rows = Object.entries(FIELDS).map(([name, { label, note, ...attributes }]) => {
    inputs[name] = el("input", { id: `profile-${name}`, dir: "auto", ...attributes });
    return el("p", { class: "field" }, el("label", { for: `profile-${name}` }, label), inputs[name],
      note && el("span", { class: "muted" }, note));
  });
  inputs.who_sees_profile = el("select", { id: "profile-audience" },
    ...Object.entries(AUDIENCES).map(([value, label]) => el("option", { value }, label)));
  const audience = el("p", { class: "field" },
    el("label", { for: "profile-audience" }, "Who sees what is below your name"), inputs.who_sees_profile);
  const error = el("p", { class: "error", role: "alert" });
  const status = el("p", { class: "muted", role: "status" });
  const button = el("button", { type: "submit", class: "primary" }, "Save profile");
  const node = el("form", { class: "profile-form", novalidate: true, autocomplete: "off", "aria-label": "Your profile",
    on: { submit } }, ...rows, audience, error, status, el("div", { class: "sheet-actions" }, button));
  return { node, load };

  async function load() {
    error.textContent = status.textContent = "";
    try {
      show((await api.get("/v1/profile")).data);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      error.textContent = problem.message;
    }
  }

  function show({ privacy, ...profile }) {
    saved = Object.fromEntries(Object.keys(FIELDS).map((name) => [name, String(profile[name] ?? "")]));
    saved.who_sees_profile = privacy.who_sees_profile;
    for (const [name, input] of Object.entries(inputs)) input.value = saved[name];
  }

  async function submit(event) {
    event.preventDefault();
    if (button.hasAttribute("aria-disabled")) return;
    const values = Object.entries(inputs).map(([name, input]) => [name, input.value.trim()]);
    const changes = Object.fromEntries(values.filter(([name, value]) => value !== saved[name]));
    error.textContent = status.textContent = "";
    for (const input of Object.values(inputs)) input.removeAttribute("aria-invalid");
    if (!Object.keys(changes).length) return (status.textContent = "Nothing was changed.");
    if (changes.rig_year === "") {
      if (inputs.rig_type.value.trim()) return showError("Empty the rig to remove its year, too.", "rig_year");
      // The server removes the year with the rig.
      changes.rig_type = "";
      delete changes.rig_year;
    }
    if ("rig_year" in changes) {
      if (!/^\d{4}$/.test(changes.rig_year)) return showError("The year has four digits.", "rig_year");
      changes.rig_year = Number(changes.rig_year);
    }
    setBusy(button, true);
    try {
      const { data } = await api.patch("/v1/profile", changes);
      show(data);
      status.textContent = data.text;
      announce(data.text);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      showError(problem.message, problem.field);
    } finally {
      setBusy(button, false);
    }
  }

  function showError(message, field) {
    error.textContent = message;
    inputs[field]?.setAttribute("aria-invalid", "true");
    inputs[field]?.focus();
  }
}
