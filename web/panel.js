// The panel "This month by category".

import { alertBox } from "./cards/alert_box.js";
import { otherCurrencies } from "./cards/other_currencies.js";
import { footer, staleNote } from "./cards/provenance.js";
import { categoryChart } from "./chart.js";
import { answerDate, formatAge, formatDateRange, formatTime, timezone, today } from "./dates.js";
import { byId, el } from "./dom.js";
import { FiguresStorage } from "./figures_storage.js";
import { formatMoney } from "./money.js";
import { Problem } from "./problem.js";

const TITLE = "This month by category";
const EARLIER_TITLE = "An earlier month by category";

const formatPeriod = (answer) => formatDateRange(answer.window, answerDate(answer));

/** Connects the panel to the API. Returns {refresh()}, to be called after each sign-in, sign-out and write. */
export function createPanel(api, session) {
  const panel = byId("panel");
  const body = byId("panel-body");
  const total = byId("panel-total");
  const period = byId("panel-window");
  const title = byId("panel-title");
  const toggle = byId("panel-toggle");
  let latestRequest = 0;
  let failed = false;

  toggle.addEventListener("click", () => {
    const open = panel.classList.toggle("open");
    toggle.setAttribute("aria-expanded", String(open));
    toggle.childNodes[0].textContent = open ? "Hide " : "Show ";
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
      if (request === latestRequest) showFigures(data, ms);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (request === latestRequest) renderProblem(problem);
    }
    if (request === latestRequest) panel.removeAttribute("aria-busy");
  }

  function showFigures(answer, ms) {
    failed = false;
    new FiguresStorage(session.user).save(answer);
    render(answer, ms);
  }

  function render(answer, ms) {
    title.textContent = answer.window.to > today() ? TITLE : EARLIER_TITLE;
    total.textContent = formatMoney(answer.total, answer.currency);
    period.textContent = formatPeriod(answer) + (answer.stale ? `, from ${formatTime(answer.as_of)}` : "");
    const rows = answer.by_category;
    body.replaceChildren(...[
      staleNote(answer),
      rows.length ? categoryChart(rows, answer.currency, { caption: title.textContent })
        : !answer.other_currencies.length && el("p", { class: "muted" }, "No expenses yet this month."),
      otherCurrencies(answer),
      footer({ ...answer, ms }),
    ].filter(Boolean));
  }

  /** Shows the problem, above the figures that are known: those on the page, else those that this device stores. */
  function renderProblem(problem) {
    failed = true;
    const known = new FiguresStorage(session.user).load();
    if (!total.textContent && known) render(known);
    body.querySelector(".panel-problem")?.remove();
    if (!total.textContent) period.textContent = "Can't be loaded";
    const age = known ? `from ${formatTime(known.as_of)} (${formatAge(known.as_of)})` : "old";
    if (total.textContent && known) period.textContent = `${formatPeriod(known)}, from ${formatTime(known.as_of)}`;
    const note = total.textContent ? ` These figures are ${age}; what you add shows when they are loaded again.` : "";
    body.prepend(el("div", { class: "panel-problem" },
      alertBox(problem.message + note, { severe: !note }),
      el("button", { type: "button", class: "secondary", on: { click: refresh } }, "Load again")));
  }

  return { refresh };
}
