// "This month by category": loaded at the start and again after every write.

import { caution } from "./cards/caution.js";
import { dateOf, otherCurrencies } from "./cards/money_parts.js";
import { footer, staleNote } from "./cards/provenance.js";
import { categoryChart } from "./chart.js";
import { clock, days, timezone } from "./dates.js";
import { el } from "./dom.js";
import { money } from "./money.js";
import { Problem } from "./problem.js";

export function createPanel(api, session) {
  const panel = document.getElementById("panel");
  const body = document.getElementById("panel-body");
  const total = document.getElementById("panel-total");
  const windowLine = document.getElementById("panel-window");
  const toggle = document.getElementById("panel-toggle");
  let latest = 0;
  let failed = false;

  toggle.addEventListener("click", () => {
    const open = panel.classList.toggle("open");
    toggle.setAttribute("aria-expanded", String(open));
    toggle.firstChild.textContent = open ? "Hide " : "Show ";
  });
  addEventListener("online", () => failed && refresh());

  function clear() {
    latest += 1;
    panel.hidden = true;
    body.replaceChildren();
    total.textContent = windowLine.textContent = "";
  }

  /** Shows the newest figures; of two requests under way only the later one is shown. */
  async function refresh() {
    if (!session.signedIn) return clear();
    const turn = ++latest;
    panel.hidden = false;
    panel.setAttribute("aria-busy", "true");
    if (!total.textContent) windowLine.textContent = "Loading";
    try {
      const query = new URLSearchParams({ period: "this_month", timezone });
      const { data, ms } = await api.get(`/v1/spend-summary?${query}`);
      if (turn === latest) show(data, ms);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (turn === latest) fail(problem);
    }
    if (turn === latest) panel.removeAttribute("aria-busy");
  }

  function show(answer, ms) {
    failed = false;
    total.textContent = money(answer.total, answer.currency);
    const old = answer.stale ? `, from ${clock(answer.as_of)}` : "";
    windowLine.textContent = days(answer.window, dateOf(answer)) + old;
    const rows = answer.by_category;
    body.replaceChildren(...[
      staleNote(answer),
      rows.length ? categoryChart(rows, answer.currency, { caption: "This month by category" })
        : el("p", { class: "soft" }, "No expenses yet this month."),
      otherCurrencies(answer),
      footer({ ...answer, ms }),
    ].filter(Boolean));
  }

  function fail(problem) {
    failed = true;
    windowLine.textContent = total.textContent ? "may be old" : "Can't be loaded";
    body.querySelector(".panel-trouble")?.remove();
    body.prepend(el("div", { class: "panel-trouble" },
      caution(total.textContent ? `${problem.message} These figures may be old.` : problem.message, { alarm: true }),
      el("button", { type: "button", class: "quiet", on: { click: refresh } }, "Load again")));
  }

  return { refresh };
}
