// The panel "This month by category".

import { alertBox } from "./cards/alert_box.js";
import { otherCurrencies } from "./cards/other_currencies.js";
import { footer, staleNote } from "./cards/provenance.js";
import { categoryChart } from "./chart.js";
import { answerDate, formatDateRange, formatTime, timezone } from "./dates.js";
import { el } from "./dom.js";
import { formatMoney } from "./money.js";
import { Problem } from "./problem.js";

/** Connects the panel to the API. Returns {refresh()}, to be called after each sign-in, sign-out and write. */
export function createPanel(api, session) {
  const panel = document.getElementById("panel");
  const body = document.getElementById("panel-body");
  const total = document.getElementById("panel-total");
  const period = document.getElementById("panel-window");
  const toggle = document.getElementById("panel-toggle");
  let latestRequest = 0;
  let failed = false;

  toggle.addEventListener("click", () => {
    const open = panel.classList.toggle("open");
    toggle.setAttribute("aria-expanded", String(open));
    toggle.firstChild.textContent = open ? "Hide " : "Show ";
  });
  addEventListener("online", () => failed && refresh());

  function clear() {
    latestRequest += 1;
    panel.hidden = true;
    body.replaceChildren();
    total.textContent = period.textContent = "";
  }

  /** Loads the figures; of concurrent requests only the latest is shown. */
  async function refresh() {
    if (!session.signedIn) return clear();
    const request = ++latestRequest;
    panel.hidden = false;
    panel.setAttribute("aria-busy", "true");
    if (!total.textContent) period.textContent = "Loading";
    try {
      const query = new URLSearchParams({ period: "this_month", timezone });
      const { data, ms } = await api.get(`/v1/spend-summary?${query}`);
      if (request === latestRequest) render(data, ms);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (request === latestRequest) renderProblem(problem);
    }
    if (request === latestRequest) panel.removeAttribute("aria-busy");
  }

  function render(answer, ms) {
    failed = false;
    total.textContent = formatMoney(answer.total, answer.currency);
    const age = answer.stale ? `, from ${formatTime(answer.as_of)}` : "";
    period.textContent = formatDateRange(answer.window, answerDate(answer)) + age;
    const rows = answer.by_category;
    body.replaceChildren(...[
      staleNote(answer),
      rows.length ? categoryChart(rows, answer.currency, { caption: "This month by category" })
        : !answer.other_currencies.length && el("p", { class: "muted" }, "No expenses yet this month."),
      otherCurrencies(answer),
      footer({ ...answer, ms }),
    ].filter(Boolean));
  }

  function renderProblem(problem) {
    failed = true;
    period.textContent = total.textContent ? "may be old" : "Can't be loaded";
    body.querySelector(".panel-problem")?.remove();
    body.prepend(el("div", { class: "panel-problem" },
      alertBox(total.textContent ? `${problem.message} These figures may be old.` : problem.message, { severe: true }),
      el("button", { type: "button", class: "secondary", on: { click: refresh } }, "Load again")));
  }

  return { refresh };
}
