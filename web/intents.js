// What the page shows for each intent before its answer arrives, and which intents use the location.

/** The tier of a question that only the conversation with Claude can answer. */
export const CHAT_TIER = 3;

const PREFIX = "PAM answers this at once:";

/** `preview` is shown while typing, `pending` while waiting; `skeleton` is a shape of skeleton.css. */
const INTENTS = {
  spend_summary: { preview: `${PREFIX} your spending`, pending: "Adding up your spending", skeleton: "bars" },
  budget_status: { preview: `${PREFIX} your budgets`, pending: "Looking at your budgets", skeleton: "gauges" },
  savings_total: { preview: `${PREFIX} your savings`, pending: "Adding up your savings", skeleton: "bars" },
  list_expenses: { preview: `${PREFIX} your expenses, one by one`, pending: "Finding your expenses", skeleton: "rows" },
  add_expense: { preview: "PAM adds this expense at once", pending: "Adding the expense", skeleton: "line" },
  correct_expense: { preview: "PAM corrects your last expense at once", pending: "Correcting it", skeleton: "line" },
  weather: { preview: `${PREFIX} the weather`, pending: "Looking up the weather", skeleton: "strip" },
  distance: { preview: `${PREFIX} the way there`, pending: "Measuring the way", skeleton: "figures" },
  fuel_estimate: { preview: `${PREFIX} fuel for the way`, pending: "Working out the fuel", skeleton: "figures" },
  gas_prices: { preview: `${PREFIX} average fuel prices`, pending: "Looking up fuel prices", skeleton: "figures" },
  nearby_parks: { preview: `${PREFIX} places to camp`, pending: "Looking for places to camp", skeleton: "rows" },
};

const HERE = "here";
const LOCATION_INTENTS = new Set(["weather", "distance", "fuel_estimate", "gas_prices", "nearby_parks"]);

/** Returns the preview of a route. */
export const previewText = (route) => lookUp(route)?.preview ?? "PAM answers this at once";

/** Returns the text shown while the answer is pending. */
export const pendingText = (route) => lookUp(route)?.pending ?? "Looking it up";

/** Returns the skeleton's shape, or null. */
export const skeletonShape = (route) => lookUp(route)?.skeleton ?? null;

const lookUp = (route) => (route && Object.hasOwn(INTENTS, route.intent) ? INTENTS[route.intent] : null);

/** Returns whether the user's location can matter to the answer; for a question about money it can't. */
export const usesLocation = (route) => !route || route.tier === CHAT_TIER || LOCATION_INTENTS.has(route.intent);

/** Returns whether the question can't be answered without the user's location. */
export function requiresLocation(route) {
  const { intent, slots = {} } = route ?? {};
  const isHere = (place) => (place ?? HERE).toLowerCase() === HERE;
  if (intent === "weather" || intent === "nearby_parks") return isHere(slots.place);
  if (intent === "fuel_estimate" && !slots.destination) return false;   // for a given distance, no place matters
  return (intent === "distance" || intent === "fuel_estimate") && (isHere(slots.origin) || isHere(slots.destination));
}
