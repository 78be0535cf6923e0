import { days } from "../dates.js";
import { el, icon } from "../dom.js";
import { showMore } from "../more.js";
import { counted } from "../numbers.js";
import { budgetMeter } from "./budget.js";
import { card } from "./card.js";

const SHOWN = 6;

/** How the month's budgets stand, in total and one by one. `answer` is the body of GET /v1/budget-status. */
export function budgetStatusCard(answer, { ms }) {
  const { budgets, total, other_currencies: others } = answer;
  const several = budgets.length > 1;
  return card({ ...answer, ms }, answer.text,
    el("p", { class: "days-left" },
      icon("clock"), `${counted(answer.days_left, "day")} left of ${days(answer.window)}`),
    several && el("div", { class: "budget-total" }, budgetMeter(total)),
    budgets.length > 0 && gauges(several ? "Budgets by category" : "Budget", tightestFirst(budgets)),
    others.length > 0 && el("p", { class: "soft" }, "Budgets in other currencies, in none of the sums:"),
    others.length > 0 && gauges("Budgets in other currencies", others),
    budgets.length > 0 && legend([...budgets, ...others]));
}

function gauges(name, budgets) {
  const items = budgets.map((budget) => el("li", {}, budgetMeter(budget)));
  return el("div", { class: "chart" },
    el("ul", { class: "gauges", "aria-label": name }, ...items),
    items.length > SHOWN + 1 && showMore(items.slice(SHOWN)));
}

const tightestFirst = (budgets) => [...budgets].sort((one, other) => used(other) - used(one));
const used = ({ spent, limit }) => (Number(limit) > 0 ? Number(spent) / Number(limit) : Infinity);

function legend(budgets) {
  const paced = budgets.some((budget) => budget.projection_basis === "pace");
  const basis = paced ? "this month's pace so far" : "what the rest of the months before brought";
  return el("p", { class: "soft legend" },
    el("span", { class: "tick", "aria-hidden": "true" }), `Where the month is heading, by ${basis}. `,
    budgets.some((budget) => Number(budget.projected) > Number(budget.limit)) && el("span", { class: "nowrap" },
      el("span", { class: "limit", "aria-hidden": "true" }), "The limit."));
}
