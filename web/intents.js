// What this page knows of each fast answer before it is there: the hint, the words of the wait, and its form.

const ANSWERS = "PAM answers this at once:";

/** `does` is the hint, `wait` is shown meanwhile, `form` names a skeleton of skeleton.css. */
const INTENTS = {
  spend_summary: { does: `${ANSWERS} your spending`, wait: "Adding up your spending", form: "bars" },
  budget_status: { does: `${ANSWERS} your budgets`, wait: "Looking at your budgets", form: "gauges" },
  savings_total: { does: `${ANSWERS} your savings`, wait: "Adding up your savings", form: "bars" },
  list_expenses: { does: `${ANSWERS} your expenses, one by one`, wait: "Finding your expenses", form: "rows" },
  add_expense: { does: "PAM adds this expense at once", wait: "Adding the expense", form: "line" },
  weather: { does: `${ANSWERS} the weather`, wait: "Looking up the weather", form: "strip" },
  distance: { does: `${ANSWERS} the way there`, wait: "Measuring the way", form: "figures" },
  fuel_estimate: { does: `${ANSWERS} fuel for the way`, wait: "Working out the fuel", form: "figures" },
  gas_prices: { does: `${ANSWERS} average fuel prices`, wait: "Looking up fuel prices", form: "figures" },
  nearby_parks: { does: `${ANSWERS} places to camp`, wait: "Looking for places to camp", form: "rows" },
};

const HERE = "here";
const ROAD = new Set(["weather", "distance", "fuel_estimate", "gas_prices", "nearby_parks"]);

export const hintOf = (route) => known(route)?.does ?? "PAM answers this at once";
export const waitOf = (route) => known(route)?.wait ?? "Looking it up";
export const formOf = (route) => known(route)?.form ?? null;

const known = (route) => (route && Object.hasOwn(INTENTS, route.intent) ? INTENTS[route.intent] : null);

/** Whether where the traveller is has anything to do with the answer; money doesn't need to know. */
export const isLocal = (route) => !route || route.tier === 3 || ROAD.has(route.intent);

/** Whether this question can't be answered without knowing where the traveller is. */
export function needsLocation(route) {
  const { intent, slots = {} } = route ?? {};
  const isHere = (place) => (place ?? HERE).toLowerCase() === HERE;
  if (intent === "weather" || intent === "nearby_parks") return isHere(slots.place);
  if (intent === "fuel_estimate" && !slots.destination) return false;   // a distance begins anywhere
  return (intent === "distance" || intent === "fuel_estimate") && (isHere(slots.origin) || isHere(slots.destination));
}
