import { formatDate } from "../dates.js";
import { el } from "../dom.js";
import { formatMoney, formatUnitPrice } from "../money.js";
import { formatQuantity, unitName } from "../numbers.js";
import { alertBox } from "./alert_box.js";
import { card } from "./card.js";
import { routeEndpoints } from "./distance.js";
import { stats } from "./stats.js";

/** For each input that can be missing, the question for it and phrases that the router understands. */
const PROMPTS = {
  consumption: { question: "What does your rig use?", mpg: "at 10 mpg", l_per_100km: "at 24 l/100 km" },
  price: { question: "What does your fuel cost?", gal: "at $3.59 a gallon", l: "at 1.89 a litre" },
};

/**
 * Creates the card of a fuel estimate and its inputs.
 * @param {import("../api_types.js").FuelNeeded} answer the body of GET /v1/fuel-estimate
 */
export function fuelEstimateCard(answer, { ms }) {
  const { volume, volume_unit: unit, cost, currency, destination } = answer;
  return card({ ...answer, ms }, answer.text,
    ...answer.missing.map((name) => missingInputPrompt(name, answer)),
    destination && routeEndpoints(answer),
    volume != null && stats(
      ["Fuel", formatQuantity(volume, unit, 1)],
      cost != null && ["Cost", formatMoney(cost, currency)]),
    inputTable(answer));
}

function missingInputPrompt(name, { unit, volume_unit: volumeUnit }) {
  const { question, ...phrases } = PROMPTS[name] ?? {};
  if (!question) return alertBox(`Missing: ${name}.`);
  const phrase = name === "price" ? phrases[volumeUnit] : unit === "km" ? phrases.l_per_100km : phrases.mpg;
  return alertBox(`Ask again and add it, such as “${phrase}”.`, { title: question });
}

/** Creates the table of the values that were multiplied, each with its source. */
function inputTable({ distance, unit, destination, consumption, price, currency }) {
  const rows = [
    ["Distance", formatQuantity(distance, unit, 1), destination ? "by road" : "as you said"],
    consumption && ["Consumption", formatQuantity(consumption.value, consumption.unit, 1),
      sourceLabel(consumption.source)],
    price && ["Fuel price", `${formatUnitPrice(price.value, currency)} a ${unitName(price.unit)}`, [
      sourceLabel(price.source), price.area && `average of ${price.area}`,
      price.week && `week of ${formatDate(price.week)}`,
    ].filter(Boolean).join(", ")],
  ].filter(Boolean);
  return el("table", { class: "inputs" },
    el("caption", {}, "What this rests on"),
    el("thead", { class: "visually-hidden" }, el("tr", {},
      ...["What", "Figure"].map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, ...rows.map(([name, value, source]) => el("tr", {},
      el("th", { scope: "row" }, name), el("td", {}, value, el("small", {}, source))))));
}

const sourceLabel = (source) => (source === "You" ? "as you said" : source);
