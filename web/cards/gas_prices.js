import { day } from "../dates.js";
import { el } from "../dom.js";
import { unitPrice } from "../money.js";
import { spoken } from "../numbers.js";
import { card } from "./card.js";
import { stats } from "./stats.js";

const FUELS = { regular: "Regular gas", mid: "Mid-grade gas", premium: "Premium gas", diesel: "Diesel" };

/** What fuel costs on average in a region. `answer` is the body of GET /v1/gas-prices. */
export function gasPricesCard(answer, { ms }) {
  const { price, currency, unit, fuel_type: fuel, area, week } = answer;
  return card({ ...answer, ms }, answer.text,
    stats(
      ["Average price", unitPrice(price, currency), [`a ${spoken(unit)}`]],
      ["Fuel", FUELS[fuel] ?? fuel],
      ["Region", area],
      ["Week of", day(week)]),
    el("p", { class: "soft" }, "This is the average of a region: a single station may charge more or less."));
}
