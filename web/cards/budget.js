import { categoryName } from "../categories.js";
import { bar, el, icon, scaled } from "../dom.js";
import { money, moneySize } from "../money.js";

const STATES = {
  good: { icon: "check", words: () => "Within budget" },
  near: { icon: "warning", words: () => "Close to the limit" },
  over: { icon: "warning", words: ({ left, currency }) => `Over budget by ${moneySize(left, currency)}` },
};

/**
 * A budget as a gauge, or null without one: how much of the limit is spent and, where it is projected, a tick at the
 * likely sum at the month's end. `category` null is all budgets together.
 */
export function budgetMeter(budget) {
  if (!budget) return null;
  const { category, currency, limit, spent, left } = budget;
  const state = STATES[budget.state] ?? STATES.good;
  const name = category ? `${categoryName(category)} budget` : "All budgets";
  const words = state.words(budget);
  const used = `${money(spent, currency)} of ${money(limit, currency)} spent`;
  const rest = budget.state === "over" ? used : `${used}, ${money(left, currency)} left`;
  const heading = headingFor(budget);
  return el("div", { class: "budget", "data-state": budget.state },
    el("p", { class: "budget-line" },
      el("span", { class: "budget-word" }, icon(state.icon), words),
      el("span", { class: "soft" }, name)),
    el("div", {
      class: "gauge", role: "meter", "aria-label": name, "aria-valuemin": "0", "aria-valuemax": "100",
      "aria-valuenow": String(Math.min(100, percentOf(limit, spent))),
      "aria-valuetext": [`${words}: ${rest}`, heading].filter(Boolean).join(". "),
    }, ...track(budget)),
    el("p", { class: "soft" }, rest, heading && el("span", { class: "heading" }, heading)));
}

const percentOf = (limit, spent) => (Number(limit) > 0 ? Math.round((Number(spent) / Number(limit)) * 100) : 100);

/** The track reaches from nothing to the limit, or as far as the projection does; then a line marks the limit. */
function track({ limit, spent, projected }) {
  const whole = Math.max(Number(limit), Number(projected ?? 0));
  const part = (amount) => (whole > 0 ? Number(amount) / whole : 1);
  return [
    el("span", { class: "meter" }, bar(part(spent))),
    whole > Number(limit) && scaled(el("span", { class: "limit" }), { at: part(limit) }),
    projected != null && scaled(el("span", { class: "tick" }), { at: part(projected) }),
  ];
}

/** Where the month is heading, as a difference to the limit; null without a projection. */
function headingFor({ projected, limit, currency }) {
  if (projected == null) return null;
  const over = Number(projected) - Number(limit);
  const size = money(Math.abs(over).toFixed(2), currency);
  const where = over > 0 ? `${size} over` : over < 0 ? `${size} under` : "right at";
  return `Heading for ${money(projected, currency)}, ${where} the limit`;
}
