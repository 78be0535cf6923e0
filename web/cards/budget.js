import { categoryName } from "../categories.js";
import { bar, el, icon } from "../dom.js";
import { money, moneySize } from "../money.js";

const STATES = {
  good: { icon: "check", words: () => "Within budget" },
  near: { icon: "warning", words: () => "Close to the limit" },
  over: { icon: "warning", words: ({ left, currency }) => `Over budget by ${moneySize(left, currency)}` },
};

/** What the budget of a category looks like after a write, or null without a budget. */
export function budgetMeter(budget) {
  if (!budget) return null;
  const { category, currency, limit, spent, left } = budget;
  const state = STATES[budget.state] ?? STATES.good;
  const words = state.words(budget);
  const used = `${money(spent, currency)} of ${money(limit, currency)} spent`;
  const rest = budget.state === "over" ? used : `${used}, ${money(left, currency)} left`;
  const part = Number(limit) > 0 ? Number(spent) / Number(limit) : 1;
  return el("div", { class: "budget", "data-state": budget.state },
    el("p", { class: "budget-line" },
      el("span", { class: "budget-word" }, icon(state.icon), words),
      el("span", { class: "soft" }, `${categoryName(category)} budget`)),
    el("div", {
      class: "meter", role: "meter", "aria-label": `${categoryName(category)} budget`, "aria-valuemin": "0", "aria-valuemax": "100",
      "aria-valuenow": String(Math.min(100, Math.round(part * 100))), "aria-valuetext": `${words}: ${rest}`,
    }, bar(part)),
    el("p", { class: "soft" }, rest));
}
