// Selects the card for a fast answer.

import { budgetStatusCard } from "./budget_status.js";
import { card } from "./card.js";
import { distanceCard } from "./distance.js";
import { fuelEstimateCard } from "./fuel_estimate.js";
import { gasPricesCard } from "./gas_prices.js";
import { listExpensesCard } from "./list_expenses.js";
import { nearbyParksCard } from "./nearby_parks.js";
import { savingsTotalCard } from "./savings_total.js";
import { spendSummaryCard } from "./spend_summary.js";
import { weatherCard } from "./weather.js";

const CARDS = {
  spend_summary: spendSummaryCard,
  budget_status: budgetStatusCard,
  savings_total: savingsTotalCard,
  list_expenses: listExpensesCard,
  weather: weatherCard,
  distance: distanceCard,
  fuel_estimate: fuelEstimateCard,
  gas_prices: gasPricesCard,
  nearby_parks: nearbyParksCard,
};

/**
 * Creates the card of a fast answer; for an intent unknown to this page, a card with its text only.
 * `data` is the body of POST /v1/ask or a `done` frame, `ms` the response time; `fetchPage(cursor)` resolves with the
 * next page of a list, `actions` change its expenses.
 */
export function answerCard(data, { ms, fetchPage, actions }) {
  const { intent, answer, slots } = data;
  if (!Object.hasOwn(CARDS, intent)) return card({ ...answer, ...data, ms }, data.text);
  return CARDS[intent]({ ...answer, tier: data.tier }, { ms, slots, fetchPage, actions });
}
