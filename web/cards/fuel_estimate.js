import { day } from "../dates.js";
import { el } from "../dom.js";
import { money, unitPrice } from "../money.js";
import { quantity, spoken } from "../numbers.js";
import { card } from "./card.js";
import { caution } from "./caution.js";
import { way } from "./distance.js";
import { stats } from "./stats.js";

const SAYINGS = {
  consumption: { what: "What does your rig use?", mpg: "at 10 mpg", l_per_100km: "at 24 l/100 km" },
  price: { what: "What does your fuel cost?", gal: "at $3.59 a gallon", l: "at 1.89 a litre" },
};

/** What fuel a way takes and costs, and what that rests on. `answer` is the body of GET /v1/fuel-estimate. */
export function fuelEstimateCard(answer, { ms }) {
  const { volume, volume_unit: unit, cost, currency, destination } = answer;
  return card({ ...answer, ms }, answer.text,
    ...answer.missing.map((name) => ask(name, answer)),
    destination && way(answer),
    volume != null && stats(
      ["Fuel", quantity(volume, unit, 1)],
      cost != null && ["Cost", money(cost, currency)]),
    basis(answer));
}

/** Asks for a figure that is missing, with words that PAM understands. */
function ask(name, { unit, volume_unit: volume }) {
  const { what, ...ways } = SAYINGS[name] ?? {};
  if (!what) return caution(`Missing: ${name}.`);
  const said = name === "price" ? ways[volume] : unit === "km" ? ways.l_per_100km : ways.mpg;
  return caution(`Ask again and add it, such as “${said}”.`, { title: what });
}

/** The figures that were multiplied, each with whose it is. */
function basis({ distance, unit, destination, consumption, price, currency }) {
  const rows = [
    ["Distance", quantity(distance, unit, 1), destination ? "by road" : "as you said"],
    consumption && ["Consumption", quantity(consumption.value, consumption.unit, 1), whose(consumption.source)],
    price && ["Fuel price", `${unitPrice(price.value, currency)} a ${spoken(price.unit)}`, [
      whose(price.source), price.area && `average of ${price.area}`, price.week && `week of ${day(price.week)}`,
    ].filter(Boolean).join(", ")],
  ].filter(Boolean);
  return el("table", { class: "basis" },
    el("caption", {}, "What this rests on"),
    el("thead", { class: "visually-hidden" }, el("tr", {},
      ...["What", "Figure"].map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, ...rows.map(([name, figure, source]) => el("tr", {},
      el("th", { scope: "row" }, name), el("td", {}, figure, el("small", {}, source))))));
}

const whose = (source) => (source === "You" ? "as you said" : source);
