import { categoryName } from "../categories.js";
import { bar, el, icon, setFractions } from "../dom.js";
import { formatMoney, formatMoneyUnsigned } from "../money.js";
import { otherCurrencies } from "./other_currencies.js";

const STATES = {
  good: { icon: "check", label: () => "Within budget" },
  near: { icon: "warning", label: () => "Close to the limit" },
  over: {
    icon: "warning", label: ({ left, currency }) => `Over budget by ${formatMoneyUnsigned(left, currency)}`,
  },
};

/**
 * Creates the meter of a budget: the spent part of its limit and a tick at the amount projected for the month's end.
 * A budget whose `category` is null is the sum of all. Returns null without a budget.
 * @param {import("../api_types.js").BudgetItem | import("../api_types.js").ProjectedBudget | null} budget
 */
export function budgetMeter(budget) {
  if (!budget) return null;
  const { category, currency, limit, spent, left } = budget;
  const state = STATES[budget.state] ?? STATES.good;
  const name = category ? `${categoryName(category)} budget` : "All budgets";
  const label = state.label(budget);
  const spentText = `${formatMoney(spent, currency)} of ${formatMoney(limit, currency)} spent`;
  const detail = budget.state === "over" ? spentText : `${spentText}, ${formatMoney(left, currency)} left`;
  const projection = projectionText(budget);
  return el("div", { class: "budget", "data-state": budget.state },
    el("p", { class: "budget-head" },
      el("span", { class: "budget-state" }, icon(state.icon), label),
      el("span", { class: "muted" }, name)),
    el("div", {
      class: "gauge", role: "meter", "aria-label": name, "aria-valuemin": "0", "aria-valuemax": "100",
      "aria-valuenow": String(Math.min(100, percentSpent(limit, spent))),
      "aria-valuetext": [`${label}: ${detail}`, projection].filter(Boolean).join(". "),
    }, ...trackNodes(budget)),
    el("p", { class: "muted" }, detail, projection && el("span", { class: "projection" }, projection)),
    otherCurrencies(budget));
}

const percentSpent = (limit, spent) => (Number(limit) > 0 ? Math.round((Number(spent) / Number(limit)) * 100) : 100);

/**
 * The track ends at the limit, or at a projection beyond it; a line then marks the limit.
 * @param {{limit: string, spent: string, projected?: string | null}} budget
 */
function trackNodes({ limit, spent, projected }) {
  const end = Math.max(Number(limit), Number(projected ?? 0));
  const fraction = (amount) => (end > 0 ? Number(amount) / end : 1);
  return [
    el("span", { class: "meter" }, bar(fraction(spent))),
    end > Number(limit) && setFractions(el("span", { class: "limit" }), { at: fraction(limit) }),
    projected != null && setFractions(el("span", { class: "tick" }), { at: fraction(projected) }),
  ];
}

/**
 * Describes the projection by its difference from the limit; null without one.
 * @param {{limit: string, currency: string, projected?: string | null}} budget
 */
function projectionText({ projected, limit, currency }) {
  if (projected == null) return null;
  const excess = Number(projected) - Number(limit);
  const size = formatMoney(Math.abs(excess).toFixed(2), currency);
  const difference = excess > 0 ? `${size} over` : excess < 0 ? `${size} under` : "right at";
  return `Heading for ${formatMoney(projected, currency)}, ${difference} the limit`;
}
