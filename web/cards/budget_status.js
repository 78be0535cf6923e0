import { formatDateRange } from "../dates.js";
import { el, icon } from "../dom.js";
import { formatCount } from "../numbers.js";
import { showMoreButton } from "../show_more.js";
import { budgetMeter } from "./budget_meter.js";
import { card } from "./card.js";

const MAX_SHOWN = 6;

/**
 * Creates the card of this month's budgets, in total and each.
 * @param {import("../api_types.js").BudgetStatus} answer the body of GET /v1/budget-status
 */
export function budgetStatusCard(answer, { ms }) {
  const { budgets, total, other_currencies: others } = answer;
  const several = budgets.length > 1;
  return card({ ...answer, ms }, answer.text,
    el("p", { class: "days-left" },
      icon("clock"), answer.days_left > 0
        ? `${formatCount(answer.days_left, "day")} left of ${formatDateRange(answer.window)}`
        : `The last day of ${formatDateRange(answer.window)}`),
    several && el("div", { class: "budget-total" }, budgetMeter(total)),
    budgets.length > 0 && meterList(several ? "Budgets by category" : "Budget", sortByFractionSpent(budgets)),
    others.length > 0 && el("p", { class: "muted" }, "Budgets in other currencies, in none of the sums:"),
    others.length > 0 && meterList("Budgets in other currencies", others),
    budgets.length > 0 && legend([...budgets, ...others]));
}

function meterList(name, budgets) {
  const items = budgets.map((budget) => el("li", {}, budgetMeter(budget)));
  return el("div", { class: "chart" },
    el("ul", { class: "gauges", "aria-label": name }, ...items),
    items.length > MAX_SHOWN + 1 && showMoreButton(items.slice(MAX_SHOWN)));
}

const sortByFractionSpent = (budgets) => [...budgets].sort((a, b) => fractionSpent(b) - fractionSpent(a));
const fractionSpent = ({ spent, limit }) => (Number(limit) > 0 ? Number(spent) / Number(limit) : Infinity);

function legend(budgets) {
  if (!budgets.some(({ projected }) => projected != null)) return null;
  const usesPace = budgets.some((budget) => budget.projection_basis === "pace");
  const basis = usesPace ? "this month's pace so far" : "what the rest of the months before brought";
  return el("p", { class: "muted legend" },
    el("span", { class: "tick", "aria-hidden": "true" }), `Where the month is heading, by ${basis}. `,
    budgets.some((budget) => Number(budget.projected) > Number(budget.limit)) && el("span", { class: "nowrap" },
      el("span", { class: "limit", "aria-hidden": "true" }), "The limit."));
}
