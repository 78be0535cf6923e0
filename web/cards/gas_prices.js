import { formatDate } from "../dates.js";
import { el } from "../dom.js";
import { formatUnitPrice } from "../money.js";
import { unitName } from "../numbers.js";
import { card } from "./card.js";
import { stats } from "./stats.js";

const FUEL_NAMES = { regular: "Regular gas", mid: "Mid-grade gas", premium: "Premium gas", diesel: "Diesel" };

/**
 * Creates the card of a region's average fuel price.
 * @param {import("../api_types.js").GasPrice} answer the body of GET /v1/gas-prices
 */
export function gasPricesCard(answer, { ms }) {
  const { price, currency, unit, fuel_type: fuel, area, week } = answer;
  return card({ ...answer, ms }, answer.text,
    stats(
      ["Average price", formatUnitPrice(price, currency), [`a ${unitName(unit)}`]],
      ["Fuel", FUEL_NAMES[fuel] ?? fuel],
      ["Region", area],
      ["Week of", formatDate(week)]),
    el("p", { class: "muted" }, "This is the average of a region: a single station may charge more or less."));
}
